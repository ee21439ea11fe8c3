import { join } from 'node:path';
import type { Report } from '../../../classify/result/report.ts';
import { plural } from '../../../system/printable.ts';
import type { RunData } from '../../analysis/group-data.ts';
import { learningCurve } from '../../analysis/learning.ts';
import { reliability } from '../../analysis/reliability.ts';
import { linkTo, sharedPath, trainingImages, weightsName } from '../../describe.ts';
import { count, percent, seconds } from '../../figures.ts';
import { modelCardFile } from '../../model-card.ts';
import { hiddenCommand, reportCommand } from '../../report-command.ts';
import { suspectsFile } from '../../suspects-list.ts';
import { learningChart, reliabilityChart } from '../charts/curves.ts';
import { copyable, type Html, html } from '../html.ts';

/** A run's files, reliability diagram, learning curve, warnings and how to reproduce it. */
export function runPanel(data: RunData, pageFolder: string, colour: string): Html {
  const { report } = data.run;
  return html`
    ${fileLinks(data, pageFolder)}
    <div class="charts">
      ${reliabilityFigure(data, colour)}
      ${learningFigure(data, colour)}
    </div>
    ${report.warnings.length > 0 && html`<ul class="plain">${report.warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`}
    ${reproduceBlock(report)}`;
}

function fileLinks({ run, suspects }: RunData, pageFolder: string): Html {
  const { report } = run.report;
  const files: readonly (readonly [string, string])[] = [
    ['report.json', 'all figures'],
    ...(run.predictions === undefined ? [] : [['predictions.csv', 'every answer'] as const]),
    [modelCardFile, 'model card'],
    ...(suspects.length > 0 ? [[suspectsFile, 'labels to check'] as const] : []),
  ];
  const links = files.map(([name, what]) => {
    const href = linkTo(join(report, name), pageFolder);
    return html`<li>${href === '' ? name : html`<a href="${href}">${name}</a>`} <span class="soft">${what}</span></li>`;
  });
  return html`<ul class="files" aria-label="Files of this report">${links}</ul>`;
}

function reliabilityFigure({ run }: RunData, colour: string): Html {
  if (run.predictions === undefined || run.predictions.length === 0) return html``;
  const found = reliability(run.predictions);
  const { logLoss, uncalibratedLogLoss, probabilities } = run.report;
  const before =
    uncalibratedLogLoss === undefined ? '' : ` Without calibration the log loss is ${uncalibratedLogLoss.toFixed(3)}.`;
  return html`<figure><figcaption>Are the probabilities calibrated?</figcaption>
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

function reproduceBlock(report: Report): Html {
  const { featureSet, versions } = report;
  const command = reportCommand(report);
  const facts: readonly (readonly [string, string])[] = [
    ['head', `${report.model}, solver ${report.solver}, ${JSON.stringify(report.params)}`],
    ['seed', `${report.seed}, ${report.perRepeat.length} ${report.perRepeat.length === 1 ? 'split' : 'repeats'}`],
    [
      'split',
      `${trainingImages(report)} training and ${count(report.testSize)} ${plural(report.testSize, 'test image')}, ${report.splitHash}`,
    ],
    ['features', `${sharedPath(featureSet.folder)}, ${report.features}`],
    [
      'weights',
      featureSet.fields === undefined
        ? weightsName(report)
        : `${weightsName(report)}, sha256 ${featureSet.fields.weightsSha256}`,
    ],
    ['fit', `${seconds(report.fitSeconds)} s, predict ${seconds(report.predictSeconds)} s (mean over the repeats)`],
    [
      'made',
      `${report.createdAt}, ${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}`,
    ],
  ];
  return html`<h4>How to reproduce it</h4>
    <p>${command === undefined ? hiddenCommand : copyable(command)}</p>
    <dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd><code>${value}</code></dd>`)}</dl>`;
}
