import { textTable } from '../../../src/report/text-table.ts';
import type { Mode } from './contestant.ts';

export interface Figures {
  readonly mode: Mode;
  /** Images per run; fewer than requested where these would take longer than a round. */
  readonly batch: number;
  readonly engine: string;
  readonly version: string;
  /** Median, and each round's value. */
  readonly imagesPerSecond: number;
  readonly each: readonly number[];
  /** Median processor time per image, of all threads and processes. */
  readonly processorMilliseconds: number;
  readonly startSeconds: number;
  /** Mean cosine of the first images' features to this project's float32 ones. */
  readonly cosine?: number;
  readonly peakMegabytes: number;
}

export function printFigures(figures: readonly Figures[]): void {
  for (const mode of ['backbone', 'end-to-end'] as const) {
    const ours = figures.filter((row) => row.mode === mode);
    if (ours.length === 0) continue;
    console.log(
      mode === 'backbone' ? '\nBackbone alone, from decoded pixels' : '\nEnd to end, from files (without start-up)',
    );
    const rows = ours.map((row) => {
      const base = ours.find(({ engine, batch }) => engine === 'featuretap float32' && batch === row.batch);
      return [
        row.engine,
        row.version,
        String(row.batch),
        row.imagesPerSecond.toFixed(1),
        `${Math.min(...row.each).toFixed(1)} to ${Math.max(...row.each).toFixed(1)}`,
        base === undefined ? '' : (row.imagesPerSecond / base.imagesPerSecond).toFixed(2),
        row.processorMilliseconds.toFixed(1),
        row.cosine?.toFixed(4) ?? '',
        String(row.peakMegabytes),
        row.startSeconds.toFixed(1),
      ];
    });
    const columns = [
      'engine',
      'version',
      'batch',
      'images/s',
      'rounds',
      'ratio',
      'CPU ms',
      'cosine',
      'peak MB',
      'start s',
    ];
    const titled = columns.map((title, i) => ({ title, align: i < 2 ? 'left' : 'right' }) as const);
    for (const line of textTable(titled, rows)) console.log(line);
  }
}

const claims = [
  { ours: 'featuretap float32', against: 'float32', others: /eager|optimize_for_inference|compile$|float32/ },
  { ours: 'featuretap int8', against: 'bf16', others: /bf16/ },
  { ours: 'featuretap int8', against: 'int8', others: /int8/ },
] as const;

/** Prints each of our best results relative to the best of the others, by name and version. */
export function printClaims(figures: readonly Figures[]): void {
  for (const mode of ['backbone', 'end-to-end'] as const) {
    for (const { ours, against, others } of claims) {
      const best = (own: boolean): Figures | undefined =>
        figures
          .filter((row) => row.mode === mode && (own ? row.engine === ours : isOther(row) && others.test(row.engine)))
          .sort((a, b) => b.imagesPerSecond - a.imagesPerSecond)[0];
      const [mine, theirs] = [best(true), best(false)];
      if (mine === undefined || theirs === undefined) continue;
      const ratio = (mine.imagesPerSecond / theirs.imagesPerSecond).toFixed(2);
      console.log(
        `${mode}: ${ours} is ${ratio} times the best ${against} of the others, ${theirs.engine} ${theirs.version}`,
      );
    }
  }
}

function isOther(row: Figures): boolean {
  return !row.engine.startsWith('featuretap');
}
