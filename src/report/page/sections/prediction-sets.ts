import type { Conformal } from '../../../classify/result/report.ts';
import { type RiskPoint, usualCoverage } from '../../../metrics/conformal.kernel.ts';
import type { GroupData } from '../../analysis/group-data.ts';
import { percent } from '../../figures.ts';
import { riskChart } from '../charts/curves.ts';
import { runClass } from '../charts/intervals.ts';
import { type Html, html } from '../html.ts';
import { columnMeanings, shareCell, sortableTable, type TableCell, type TableColumn } from '../table.ts';

/** Share of answered photos at which heads are compared. */
const comparedShare = 0.8;

interface RunWithSets {
  readonly name: string;
  readonly place: number;
  readonly conformal: Conformal;
}

const columns: readonly TableColumn[] = [
  { title: 'head', kind: 'text' },
  {
    title: 'right of surest',
    kind: 'number',
    hint: 'accuracy on the photos it is surest of: 80 % of all, or the next larger share of this many photos',
  },
  {
    title: 'sets reach',
    kind: 'number',
    hint: 'share of the photos whose true class is in the set, where 95 % was asked',
  },
  { title: 'set size', kind: 'number', hint: 'classes in such a set, on average' },
  { title: 'one class', kind: 'number', hint: 'share of the photos whose set is one class alone' },
  { title: 'of those right', kind: 'number', hint: 'accuracy on the photos whose set is one class alone' },
];

/** Prediction sets and selective prediction of a group's heads on the test images; empty if no report has them. */
export function predictionSetsBlock({ runs }: GroupData, id: string): Html {
  const sure = runs.flatMap(({ run }, place): RunWithSets[] => {
    const { conformal } = run.report;
    return conformal === undefined ? [] : [{ name: run.name, place, conformal }];
  });
  const [best] = sure;
  if (best === undefined) return html``;
  const table = sortableTable({
    id: `${id}-sure`,
    caption: `Answers to a part of the photos, and sets of classes at 95 %.`,
    columns,
    rows: sure.map(cells),
  });
  const curves = sure.map(({ name, place, conformal }) => ({ name, place, points: conformal.riskCoverage }));
  return html`
    <h3>How much can it answer?</h3>
    ${sentence(best)}
    ${table}
    ${columnMeanings('What these columns mean', columns)}
    <div class="charts"><figure><figcaption>Right among the photos answered</figcaption><div class="chart">${riskChart(curves)}</div></figure></div>
    <p class="note">On the test images of the first split. <code>predict --coverage</code> gives the sets, <code>--abstain</code> one class or “not sure”.</p>`;
}

function sentence({ name, conformal }: RunWithSets): Html {
  const point = compared(conformal);
  if (point === undefined) return html``;
  return html`<p>${name}: of the ${percent(point.answered)} of the photos it is surest of, ${percent(point.accuracy)} are right.</p>`;
}

function compared({ riskCoverage }: Conformal): RiskPoint | undefined {
  return riskCoverage.find(({ answered }) => answered >= comparedShare - 1e-9);
}

function cells({ name, place, conformal }: RunWithSets): readonly TableCell[] {
  const sets = conformal.coverages.find(({ coverage }) => coverage === usualCoverage);
  return [
    { value: name, shown: html`<span class="swatch ${runClass(place)}"></span>${name}` },
    shareCell(compared(conformal)?.accuracy),
    shareCell(sets?.reached),
    { value: sets?.meanSetSize ?? -1, shown: sets?.meanSetSize.toFixed(2) ?? '–' },
    shareCell(sets?.answered),
    shareCell(sets?.answeredAccuracy),
  ];
}
