import type { DataShape } from './bench-data.ts';
import type { Growth } from './growth.ts';
import type { Figures, Line } from './measure.ts';

export function printTable(lines: readonly Line[], { rows, testRows, dims, classes, source }: DataShape): void {
  console.log(
    `${rows} + ${testRows} rows x ${dims}, ${classes} classes (${source}); seconds of fit + score, accuracy, peak memory`,
  );
  const reference = lines.find((line) => line.reference)?.reference?.version ?? '';
  printColumns([
    ['head', reference, 'featuretap', 'times as fast', 'less processor', 'same predictions', 'objective'],
    ...lines.map((line) => [
      line.name,
      line.reference === undefined ? '' : describe(line.reference),
      describe(line.ours),
      line.timesAsFast === undefined
        ? ''
        : `${line.timesAsFast.toFixed(1)}x${perEvaluation(line)} (target ${line.target}x)`,
      line.timesLessProcessor === undefined ? '' : `${line.timesLessProcessor.toFixed(1)}x`,
      line.samePredictions === undefined ? '' : `${(100 * line.samePredictions).toFixed(2)} %`,
      objectives(line),
    ]),
  ]);
}

export function printGrowth(growths: readonly Growth[]): void {
  console.log('processor seconds of fit + score, peak memory; exponent 1: twice the size takes twice the time');
  printColumns([
    ['head', 'along', 'sizes', 'processor seconds', 'peak MiB', 'exponent'],
    ...growths.map(({ name, axis, points, exponent }) => [
      name,
      axis,
      points.map(({ size }) => size).join(', '),
      points.map(({ figures }) => figures.processorSeconds.toFixed(1)).join(', '),
      points.map(({ figures }) => mebibytes(figures.peakBytes)).join(', '),
      exponent.toFixed(2),
    ]),
  ]);
}

function printColumns(table: readonly (readonly string[])[]): void {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    console.log(cells.join('  ').trimEnd());
  }
}

function perEvaluation({ timesAsFastPerEvaluation: times }: Line): string {
  return times === undefined ? '' : `, ${times.toFixed(1)}x per evaluation`;
}

function objectives({ ours, reference }: Line): string {
  const shown = [ours.objective, reference?.objective].filter((value) => value !== undefined);
  return shown.map((value) => value.toPrecision(7)).join(' / ');
}

function describe({ fitSeconds, scoreSeconds, accuracy, peakBytes, converged }: Figures): string {
  const time = `${fitSeconds.toFixed(1)} + ${scoreSeconds.toFixed(1)} s`;
  return `${time}, ${accuracy.toFixed(4)}, ${mebibytes(peakBytes)} MiB${converged ? '' : ', not converged'}`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
