import { counted } from '../../../system/printable.ts';
import type { GroupData, RunData } from '../../analysis/group-data.ts';
import { describeData } from '../../describe.ts';
import { accuracyDeviation, accuracyInterval, seconds } from '../../figures.ts';
import { networkDifferences, networksOf, sharedNetworks } from '../../networks.ts';
import { costChart } from '../charts/cost.ts';
import { intervalChart, runClass } from '../charts/intervals.ts';
import { type Html, html } from '../html.ts';
import { columnMeanings, shareCell, sortableTable, type TableCell, type TableColumn } from '../table.ts';
import { predictionSetsBlock } from './prediction-sets.ts';

interface RunColumn extends TableColumn {
  /** Shown only with several repeats. */
  readonly needsRepeats?: boolean;
  readonly cell: (data: RunData, place: number) => TableCell;
}

const runColumns: readonly RunColumn[] = [
  {
    title: 'head',
    kind: 'text',
    cell: ({ run }, i) => ({
      value: run.name,
      shown: html`<span class="swatch ${runClass(i)}"></span>${run.name}${run.report.featureSet.randomWeights && ' *'}`,
    }),
  },
  {
    title: 'accuracy',
    kind: 'number',
    hint: 'share of the test images whose predicted class is right',
    cell: ({ run }) => shareCell(run.report.accuracy),
  },
  {
    title: '± repeats',
    kind: 'number',
    hint: 'standard deviation of the accuracy over the repeats, in points',
    needsRepeats: true,
    cell: ({ run }) => {
      const deviation = accuracyDeviation(run.report);
      return { value: deviation ?? -1, shown: deviation === undefined ? '–' : (deviation * 100).toFixed(1) };
    },
  },
  {
    title: '95 % interval',
    kind: 'number',
    hint: 'where the accuracy on other images like these may lie',
    cell: ({ run }) => {
      const { low, high } = accuracyInterval(run.report);
      return { value: low, shown: `${(low * 100).toFixed(1)} to ${(high * 100).toFixed(1)}` };
    },
  },
  {
    title: 'top-5',
    kind: 'number',
    hint: 'share of the test images whose class is among the five most probable',
    cell: ({ run }) => shareCell(run.report.top5Accuracy),
  },
  {
    title: 'log loss',
    kind: 'number',
    hint: 'penalizes confident wrong predictions; lower is better',
    cell: ({ run }) => ({ value: run.report.logLoss, shown: run.report.logLoss.toFixed(3) }),
  },
  {
    title: 'macro F1',
    kind: 'number',
    hint: 'F1 of each class, averaged: rare classes count as much as common ones',
    cell: ({ run }) => ({ value: run.report.macroF1, shown: run.report.macroF1.toFixed(3) }),
  },
  {
    title: 'balanced',
    kind: 'number',
    hint: 'balanced accuracy: recall of each class, averaged',
    cell: ({ run }) => shareCell(run.report.balancedAccuracy),
  },
  {
    title: 'fit, s',
    kind: 'number',
    hint: 'seconds to train on the training images, with what chooses and calibrates; mean over the repeats',
    cell: ({ run }) => ({ value: run.report.fitSeconds, shown: seconds(run.report.fitSeconds) }),
  },
  {
    title: 'predict, s',
    kind: 'number',
    hint: 'seconds for all test images, from their features',
    cell: ({ run }) => ({ value: run.report.predictSeconds, shown: seconds(run.report.predictSeconds) }),
  },
];

/** Table and charts of all runs of a group, and the tests of their differences. */
export function runsSection(group: GroupData, id: string): Html {
  const { reports } = group.group;
  const report = reports[0];
  const names = group.runs.map(({ run }) => run.name);
  const networks = networkDifferences(reports, names, group.differences);
  const several = networksOf(reports).length > 1;
  const random = group.runs.some(({ run }) => run.report.featureSet.randomWeights);
  const repeated = (report?.perRepeat.length ?? 1) > 1;
  const shown = runColumns.filter(({ needsRepeats }) => repeated || needsRepeats !== true);
  const table = sortableTable({
    id: `${id}-runs`,
    caption: 'Every run. Click a heading to sort.',
    columns: shown,
    rows: group.runs.map((data, i) => shown.map(({ cell }) => cell(data, i))),
  });
  return html`
    <p class="lead">${report === undefined ? '' : describeData(report, !several)}</p>
    ${several && html`<p class="note">${sharedNetworks(reports)}.</p><ul class="plain">${networks.map(({ words }) => html`<li>${words}</li>`)}</ul>`}
    ${table}
    ${columnMeanings('What the columns mean', shown)}
    ${random && html`<p class="note">* random backbone weights: these figures say nothing about pretrained features.</p>`}
    <div class="charts">
      <figure><figcaption>Accuracy with 95 % interval</figcaption><div class="chart">${intervalChart(group)}</div></figure>
      <figure><figcaption>Accuracy against fit time</figcaption><div class="chart">${costChart(group)}</div></figure>
    </div>
    ${predictionSetsBlock(group, id)}
    ${differencesBlock(group)}`;
}

function differencesBlock({ differences, runs }: GroupData): Html {
  if (runs.length < 2) return html``;
  if (differences.length === 0) {
    return html`<h3>Is the difference significant?</h3><p>Not known: a test needs predictions.csv beside each report.</p>`;
  }
  const [first] = differences;
  const best = runs[0]?.run.name;
  const ofBest = differences.filter((pair) => pair.first === best);
  const others = differences.filter((pair) => pair.first !== best);
  const verdict = (pair: (typeof differences)[number]): Html =>
    html`<li class="${pair.distinguishable ? 'real' : 'open'}">${pair.words}</li>`;
  const how =
    first?.test === 'McNemar, mid-p'
      ? 'McNemar’s test (mid-p) on the same test images'
      : 'the corrected resampled t-test of Nadeau and Bengio over the repeats';
  return html`
    <h3>Is the difference significant?</h3>
    <ul class="verdicts">${ofBest.map(verdict)}</ul>
    ${others.length > 0 && html`<details><summary>the other ${counted(others.length, 'pair')}</summary><ul class="verdicts">${others.map(verdict)}</ul></details>`}
    <p class="note">By ${how}${differences.length > 1 && ', p-values adjusted for the number of pairs by Holm’s method'}.
    Significant means p &lt; 0.05.</p>`;
}
