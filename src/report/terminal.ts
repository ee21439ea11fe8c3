import type { Report } from '../classify/result/report.ts';
import { valueAt } from '../system/at.ts';
import { counted, plural } from '../system/printable.ts';
import type { HeadDifference } from './analysis/differences.ts';
import { type Comparison, type ReportGroup, reportNames } from './comparison.ts';
import { trainingImages } from './describe.ts';
import { accuracyDeviation, accuracyInterval, count, percent, seconds } from './figures.ts';
import { describeNetworks, networkDifferences } from './networks.ts';
import { type Column, textTable } from './text-table.ts';

const columns: readonly Column[] = [
  { title: 'model', align: 'left' },
  { title: 'accuracy', align: 'right' },
  { title: '95 % interval', align: 'right' },
  { title: 'top-5', align: 'right' },
  { title: 'log loss', align: 'right' },
  { title: 'macro F1', align: 'right' },
  { title: 'fit s', align: 'right' },
  { title: 'report', align: 'left' },
];

/**
 * Output of `compare`: a table per group of comparable reports, headed by what they share, with tests of the best head
 * against the others.
 *
 * @param verdicts of each group, in the comparison's order
 */
export function terminalComparison(
  comparison: Comparison,
  verdicts: readonly (readonly HeadDifference[])[] = [],
): string {
  const blocks = comparison.groups.map((group, i) =>
    [terminalGroup(group, i, comparison.groups.length), ...verdictLines(group, verdicts[i] ?? [])].join('\n'),
  );
  const reports = comparison.groups.flatMap((group) => group.reports);
  if (reports.some((report) => report.featureSet.randomWeights)) {
    blocks.push('* random backbone weights: these figures say nothing about pretrained features');
  }
  return blocks.join('\n\n');
}

/** The networks, if there are several, then the best head against the others. */
function verdictLines({ reports }: ReportGroup, verdicts: readonly HeadDifference[]): string[] {
  const names = reportNames(reports);
  const networks = networkDifferences(reports, names, verdicts);
  const said = new Set(networks.map(({ heads }) => heads));
  const others = verdicts.filter((verdict) => verdict.first === names[0] && !said.has(verdict));
  return [...networks, ...others].map(({ words }) => words);
}

function terminalGroup(group: ReportGroup, index: number, groupCount: number): string {
  const first = valueAt(group.reports, 0);
  const lines: string[] = [];
  if (index > 0) lines.push(`not comparable with the first table: ${group.differences.join('; ')}`);
  else if (groupCount > 1)
    lines.push(`${counted(groupCount, 'group')} of runs that cannot be ranked against each other:`);
  lines.push(describeGroup(first, group.reports));
  const names = reportNames(group.reports);
  const rows = group.reports.map((report, i) => {
    const deviation = accuracyDeviation(report);
    const { low, high } = accuracyInterval(report);
    return [
      `${names[i]}${report.featureSet.randomWeights ? ' *' : ''}`,
      percent(report.accuracy) + (deviation === undefined ? '' : ` ± ${(deviation * 100).toFixed(1)}`),
      `${(low * 100).toFixed(1)} to ${(high * 100).toFixed(1)}`,
      percent(report.top5Accuracy),
      report.logLoss.toFixed(3),
      report.macroF1.toFixed(3),
      seconds(report.fitSeconds),
      report.report,
    ];
  });
  return [...lines, ...textTable(columns, rows)].join('\n');
}

/**
 * `120 classes, 800 training and 200 test images, 5 repeats from seed 0; features dogs (resnet50), 1a2b3c4d`.
 *
 * @param reports of the group, for their networks
 */
function describeGroup(report: Report, reports: readonly Report[] = [report]): string {
  const repeats = report.perRepeat.length;
  const split =
    repeats === 1
      ? `seed ${report.seed}`
      : `${counted(repeats, 'repeat')} from seed ${report.seed} (± is their standard deviation)`;
  return (
    `${counted(report.classes.length, 'class')}, ${trainingImages(report)} training and ${count(report.testSize)} ${plural(report.testSize, 'test image')}, ${split}; ` +
    describeNetworks(reports)
  );
}
