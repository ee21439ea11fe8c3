import { stringify } from 'csv-stringify/sync';
import { forSpreadsheet } from '../formats/spreadsheet-cell.ts';
import { markdownTable } from './markdown.ts';
import type { ComparisonSummary } from './summary.ts';

/** One line per report; `group` counts from 1: only reports of the same group are comparable. */
export function comparisonCsv(summary: ComparisonSummary): string {
  const lines = summary.groups.flatMap(({ reports }, g) =>
    reports.map(({ featureSet: _, features: __, ...columns }) => ({ group: g + 1, ...columns })),
  );
  const rows = lines.map((line) => Object.values(line).map(csvCell));
  return stringify([Object.keys(lines[0] ?? {}), ...rows]);
}

function csvCell(value: unknown): string {
  if (value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return typeof value === 'number' ? text : forSpreadsheet(text);
}

/** A table per group, for a pull request or a wiki. */
export function comparisonMarkdown(summary: ComparisonSummary): string {
  const percent = (share: number): string => (share * 100).toFixed(1);
  const blocks = summary.groups.map((group, g) => {
    const table = markdownTable(
      ['head', 'accuracy, %', '95 % interval', 'top-5, %', 'log loss', 'macro F1', 'fit, s', 'report'],
      group.reports.map((report) => [
        `${report.name}${report.randomWeights ? ' (random weights)' : ''}`,
        percent(report.accuracy) + (report.accuracyDeviation === null ? '' : ` ± ${percent(report.accuracyDeviation)}`),
        `${percent(report.accuracyLow)} to ${percent(report.accuracyHigh)}`,
        percent(report.top5Accuracy),
        report.logLoss.toFixed(3),
        report.macroF1.toFixed(3),
        report.fitSeconds.toFixed(2),
        report.report,
      ]),
    );
    const apart = g === 0 ? [] : [`Not comparable with the first table: ${group.differences.join('; ')}.`];
    const verdicts = [...group.networks, ...group.verdicts].map(({ words }) => `- ${words}`).join('\n');
    return [...apart, table, ...(verdicts === '' ? [] : [verdicts])].join('\n\n');
  });
  return `${blocks.join('\n\n')}\n`;
}
