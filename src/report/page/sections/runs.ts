import { describeData } from '../../describe.ts';
import { accuracyDeviation, accuracyInterval, percent, seconds } from '../../figures.ts';
import { costChart } from '../charts/cost.ts';
import { colourOf, intervalChart } from '../charts/intervals.ts';
import { type Html, html, raw } from '../html.ts';
import type { GroupData } from '../page-data.ts';
import { sortableTable } from '../table.ts';

/** The table of all runs of a group, and their accuracy against certainty and cost. */
export function runsSection(group: GroupData, id: string): Html {
  const report = group.group.reports[0];
  const random = group.runs.some(({ run }) => run.report.featureSet.randomWeights);
  const table = sortableTable({
    id: `${id}-runs`,
    caption: 'Every run; a heading sorts',
    columns: [
      { title: 'head', kind: 'text' },
      { title: 'accuracy', kind: 'number' },
      { title: '± repeats', kind: 'number', hint: 'standard deviation over the repeats, in points' },
      { title: '95 % interval', kind: 'number' },
      { title: 'top-5', kind: 'number' },
      { title: 'log loss', kind: 'number' },
      { title: 'macro F1', kind: 'number' },
      { title: 'balanced', kind: 'number', hint: 'mean recall over the classes' },
      { title: 'fit, s', kind: 'number' },
      { title: 'predict, s', kind: 'number' },
    ],
    rows: group.runs.map(({ run }, i) => {
      const { low, high } = accuracyInterval(run.report);
      const deviation = accuracyDeviation(run.report);
      const swatch = html`<span class="swatch" style="background:${colourOf(i)}"></span>${run.name}${run.report.featureSet.randomWeights && ' *'}`;
      return [
        { value: run.name, shown: swatch },
        { value: run.report.accuracy, shown: percent(run.report.accuracy) },
        { value: deviation ?? -1, shown: deviation === undefined ? '–' : (deviation * 100).toFixed(1) },
        { value: low, shown: `${(low * 100).toFixed(1)} to ${(high * 100).toFixed(1)}` },
        { value: run.report.top5Accuracy, shown: percent(run.report.top5Accuracy) },
        { value: run.report.logLoss, shown: run.report.logLoss.toFixed(3) },
        { value: run.report.macroF1, shown: run.report.macroF1.toFixed(3) },
        { value: run.report.balancedAccuracy, shown: percent(run.report.balancedAccuracy) },
        { value: run.report.fitSeconds, shown: seconds(run.report.fitSeconds) },
        { value: run.report.predictSeconds, shown: seconds(run.report.predictSeconds) },
      ];
    }),
  });
  return html`
    <p class="lead">${report === undefined ? '' : describeData(report)}</p>
    ${table}
    ${random && html`<p class="note">* random backbone weights: these figures say nothing about pretrained features.</p>`}
    <div class="charts">
      <figure><figcaption>Accuracy with 95 % interval</figcaption><div class="chart">${intervalChart(group)}</div></figure>
      <figure><figcaption>Accuracy against fit time</figcaption><div class="chart">${costChart(group)}</div></figure>
    </div>
    ${differencesBlock(group)}${raw('')}`;
}

function differencesBlock({ differences, runs }: GroupData): Html {
  if (runs.length < 2) return html``;
  if (differences.length === 0) {
    return html`<h3>Is the difference real?</h3><p>Not known: a test needs predictions.csv beside each report.</p>`;
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
    <h3>Is the difference real?</h3>
    <ul class="verdicts">${ofBest.map(verdict)}</ul>
    ${others.length > 0 && html`<details><summary>the other ${others.length} pairs</summary><ul class="verdicts">${others.map(verdict)}</ul></details>`}
    <p class="note">By ${how}${differences.length > 1 && ', p-values adjusted for the number of pairs by Holm’s method'}.
    Called real below p = 0.05.</p>`;
}
