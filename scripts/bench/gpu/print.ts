import { textTable } from '../../../src/report/text-table.ts';
import type { Result } from './result.ts';

export function printResults(results: readonly Result[], batches: readonly number[]): void {
  const columns = [
    'images/s',
    ...batches.map((batch) => `network, ${batch} a run`),
    'from files',
    'difference',
    'worst row',
    'version',
  ];
  const titled = columns.map(
    (title, at) => ({ title, align: at === 0 || title === 'version' ? 'left' : 'right' }) as const,
  );
  const rows = results.map((result) => [
    result.label,
    ...batches.map((batch) => rate(result.network.find((each) => each.batch === batch)?.imagesPerSecond)),
    rate((result.endToEnd ?? result.decoding)?.imagesPerSecond),
    result.features?.largest.toExponential(1) ?? '',
    result.features?.worstRow.toExponential(1) ?? '',
    result.version ?? '',
  ]);
  for (const line of textTable(titled, rows)) console.log(line);
  for (const result of results) if (result.notMeasured !== undefined) console.log(describeFailure(result));
}

/** One line about how a contestant ended. */
export function describeFailure({ label, version, notMeasured }: Result): string {
  if (notMeasured === undefined) return `${label}: measured`;
  return `${label}: ${version === undefined ? '' : 'the rest '}not measured: ${notMeasured}`;
}

function rate(imagesPerSecond: number | undefined): string {
  return imagesPerSecond === undefined ? '' : imagesPerSecond.toFixed(imagesPerSecond < 100 ? 1 : 0);
}
