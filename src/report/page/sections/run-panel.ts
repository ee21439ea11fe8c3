import { join } from 'node:path';
import type { Report } from '../../../classify/result/report.ts';
import { confusedPairs, standingOut } from '../../analysis/confusion.ts';
import type { GroupData, RunData } from '../../analysis/group-data.ts';
import type { HeldOutImage } from '../../analysis/held-out.ts';
import { learningCurve } from '../../analysis/learning.ts';
import { reliability } from '../../analysis/reliability.ts';
import { trainingImages } from '../../describe.ts';
import { percent, seconds } from '../../figures.ts';
import { hiddenCommand, reportCommand } from '../../report-command.ts';
import { suspectsFile } from '../../suspects-list.ts';
import { learningChart } from '../charts/learning.ts';
import { matrixChart } from '../charts/matrix.ts';
import { reliabilityChart } from '../charts/reliability.ts';
import { breakable, type Html, html, withCommands } from '../html.ts';
import { sortableTable } from '../table.ts';

/** Rows of a list that is shown at once; the rest is behind a summary. */
const shownAtFirst = 15;
/** A matrix of more classes takes the whole width; the pairs stand below it. */
const wideFrom = 24;
/** Photos in a row of mistakes or suspects. */
const photoCount = 24;

/** Everything about one run: what it confuses, class by class, how far its probabilities hold, its worst answers. */
export function runPanel(group: GroupData, data: RunData, colour: string, id: string): Html {
  const { report } = data.run;
  return html`
    <h4>What is taken for what</h4>
    ${confusionBlock(report, id)}
    <h4>Class by class</h4>
    ${classTable(report, id)}
    <div class="charts">
      ${reliabilityFigure(data, colour)}
      ${learningFigure(data, colour)}
    </div>
    ${mistakesBlock(group, data)}
    ${suspectsBlock(group, data)}
    ${reproduceBlock(report)}`;
}

function confusionBlock(report: Report, id: string): Html {
  const pairs = confusedPairs(report.confusion, report.classes);
  const item = (pair: (typeof pairs)[number]): Html => {
    const cell = `${report.classes.indexOf(pair.trueClass)},${report.classes.indexOf(pair.predictedClass)}`;
    return html`<li><button type="button" class="pair" data-cell="${cell}"><b>${pair.trueClass}</b> taken for <b>${pair.predictedClass}</b>
      <span class="count">${pair.count}× · ${percent(pair.share)}</span></button></li>`;
  };
  const more = pairs.slice(shownAtFirst);
  return html`<div class="confusion${report.classes.length > wideFrom && html` wide`}">
    <div class="scroll matrix-scroll" role="region" aria-label="Confusion matrix" tabindex="0">${matrixChart(report)}</div>
    <div class="pairs">
      <h5 id="${id}-pairs">Confused most</h5>
      ${pairs.length > 0 && standingOut(pairs).length === 0 && html`<p>No pair stands out: each was confused once.</p>`}
      ${pairs.length === 0 ? html`<p>Nothing: every test image is right.</p>` : html`<ol aria-labelledby="${id}-pairs">${pairs.slice(0, shownAtFirst).map(item)}</ol>`}
      ${more.length > 0 && html`<details><summary>${more.length} more pairs</summary><ol start="${shownAtFirst + 1}">${more.map(item)}</ol></details>`}
    </div></div>
    <p class="note">Rows are true classes, columns what they were taken for; classes that are confused stand side by side
    (average linkage). A cell, or a pair in the list, shows its photos.</p>`;
}

function classTable(report: Report, id: string): Html {
  const counted = report.perClass.every(({ trained }) => trained !== undefined);
  return sortableTable({
    id: `${id}-classes`,
    caption: 'Precision, recall and F1 of every class',
    filter: 'Find a class',
    columns: [
      { title: 'class', kind: 'text' },
      ...(counted
        ? [{ title: 'trained', kind: 'number', hint: 'training images, mean over the repeats' } as const]
        : []),
      { title: 'tested', kind: 'number', hint: 'test images, all repeats together' },
      { title: 'precision', kind: 'number', hint: 'of those called so, the share that is' },
      { title: 'recall', kind: 'number', hint: 'of those that are, the share that was called so' },
      { title: 'F1', kind: 'number', hint: 'harmonic mean of precision and recall' },
    ],
    rows: report.perClass.map(({ name, trained = 0, support, precision, recall, f1 }) => [
      { value: name, shown: breakable(name) },
      ...(counted ? [{ value: trained, shown: String(Math.round(trained)) }] : []),
      { value: support, shown: String(support) },
      // Without a test image there is nothing to find: 0 % would say that it was missed.
      { value: precision, shown: support === 0 ? '–' : percent(precision) },
      { value: recall, shown: support === 0 ? '–' : percent(recall) },
      { value: f1, shown: support === 0 ? '–' : f1.toFixed(3) },
    ]),
  });
}

function reliabilityFigure({ run }: RunData, colour: string): Html {
  if (run.predictions === undefined || run.predictions.length === 0) return html``;
  const found = reliability(run.predictions);
  const { logLoss, uncalibratedLogLoss, probabilities } = run.report;
  const before =
    uncalibratedLogLoss === undefined ? '' : ` Without calibration the log loss is ${uncalibratedLogLoss.toFixed(3)}.`;
  return html`<figure><figcaption>Do the probabilities hold?</figcaption>
    <div class="chart">${reliabilityChart(found, colour)}</div>
    <p class="note">Expected calibration error ${percent(found.expectedError)}, log loss ${logLoss.toFixed(3)}.${before}
    Probabilities: ${probabilities}.</p></figure>`;
}

function learningFigure({ run }: RunData, colour: string): Html {
  const curve = learningCurve(run.report);
  if (curve === undefined) return html``;
  return html`<figure><figcaption>Would more photos help?</figcaption>
    <div class="chart">${learningChart(curve, colour)}</div><p class="note">${curve.words}</p></figure>`;
}

function mistakesBlock(group: GroupData, { mistakes }: RunData): Html {
  if (mistakes.length === 0) return html``;
  const item = (image: HeldOutImage): Html =>
    photo(
      group,
      image,
      html`is ${breakable(image.trueClass)}`,
      html`taken for ${wrongName(image)} <small>${percent(image.confidence)}${times(image)}</small>`,
    );
  return html`<h4>Most confident mistakes</h4>
    <ul class="photos">${mistakes.slice(0, photoCount).map(item)}</ul>`;
}

function suspectsBlock(group: GroupData, { run, suspects, images }: RunData): Html {
  if (run.predictions === undefined) return html``;
  const { featureSet, report } = run.report;
  const seen = `${images.length} of ${featureSet.rowCount} images were held out at least once`;
  if (featureSet.randomWeights)
    return html`<h4>Labels to check</h4><p>Not judged: a network of random weights disagrees with many labels.</p>`;
  if (suspects.length === 0) return html`<h4>Labels to check</h4><p>None is suspected; ${seen}.</p>`;
  const rest = suspects.slice(photoCount);
  const item = (image: HeldOutImage): Html =>
    photo(
      group,
      image,
      html`labelled ${breakable(image.trueClass)} <small>${percent(image.trueConfidence)}</small>`,
      html`looks like ${wrongName(image)} <small>${percent(image.confidence)}${times(image)}</small>`,
    );
  return html`<h4>Labels to check</h4>
    <p>${suspects.length} images look more like another class than that class’s own images do, by the answers that were
    given while they were held out (${seen}). A hard photo with the right label may be among them.</p>
    <ul class="photos">${suspects.slice(0, photoCount).map(item)}</ul>
    ${rest.length > 0 && html`<p>${rest.length} more are in the list.</p>`}
    <p class="note">The list is ${html`<code>${join(report, suspectsFile)}</code>`}. Mend labels in the data folder, or in a file for
    ${withCommands('`classify --labels FILE`')}, and classify again: no image has to go through the network anew.</p>`;
}

function wrongName({ predictedClass }: HeldOutImage): Html {
  return html`<span class="taken">${breakable(predictedClass)}</span>`;
}

function times({ timesHeldOut, timesPredicted }: HeldOutImage): string {
  return timesHeldOut > 1 ? `, ${timesPredicted} of ${timesHeldOut} times` : '';
}

function photo({ photos }: GroupData, { id, trueClass, predictedClass }: HeldOutImage, is: Html, taken: Html): Html {
  return html`<li>${
    photos.has(id)
      ? html`<img data-photo="${id}" alt="${trueClass}, taken for ${predictedClass}" width="128" height="128">`
      : html`<span class="no-photo">no photo</span>`
  }<span>${is}</span><span>${taken}</span><code title="${id}">${id}</code></li>`;
}

function reproduceBlock(report: Report): Html {
  const { featureSet, versions, warnings } = report;
  const facts: readonly (readonly [string, string])[] = [
    ['command', reportCommand(report) ?? hiddenCommand],
    ['report', report.report],
    ['head', `${report.model}, solver ${report.solver}, ${JSON.stringify(report.params)}`],
    ['seed', `${report.seed}, ${report.perRepeat.length} repeats`],
    ['split', `${trainingImages(report)} training and ${report.testSize} test images, ${report.splitHash}`],
    ['features', `${featureSet.folder}, ${report.features}`],
    [
      'weights',
      featureSet.fields === undefined
        ? featureSet.weights
        : `${featureSet.weights}, sha256 ${featureSet.fields.weightsSha256}`,
    ],
    ['fit', `${seconds(report.fitSeconds)} s, predict ${seconds(report.predictSeconds)} s (mean over the repeats)`],
    [
      'made',
      `${report.createdAt}, ${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}`,
    ],
  ];
  return html`<h4>How to get the same again</h4>
    <dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd><code>${value}</code></dd>`)}</dl>
    ${warnings.length > 0 && html`<p>Warnings of this run:</p><ul class="plain">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`}`;
}
