import { appendFile, readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Outcome, Recipe } from './sides.ts';

/** Fields that identify a result. */
export interface Run {
  readonly side: 'featuretap' | 'pytorch';
  readonly repeat: number;
  readonly judgedBy: 'test' | 'validation';
  readonly trainRows: number;
  readonly testRows: number;
  /** The fingerprint of the feature set: images, network, tap and preprocessing. */
  readonly fingerprint: string;
  readonly tap: string;
  readonly mapShape: readonly number[];
  readonly threads: number;
  readonly recipe: Recipe;
}

export type Record = Run & Outcome;

/** Results kept in a file, one JSON line each, so that an interrupted bench can continue. */
export async function readRecords(file: string | undefined): Promise<Record[]> {
  if (file === undefined) return [];
  const text = await readFile(file, 'utf8').catch(() => '');
  // A line that was being written when the run was killed is incomplete.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line));
}

/** Whether a kept result is the requested one, with the same number of threads. */
export function sameRun(record: Record, run: Run): boolean {
  const { version: _v, linear: _l, accuracy: _a, epochSeconds: _e, processorSeconds: _p, ...kept } = record;
  return isDeepStrictEqual(kept, run);
}

export async function appendRecord(file: string | undefined, record: Record): Promise<void> {
  // A newline first, to end an incomplete line of a killed run.
  if (file !== undefined) await appendFile(file, `\n${JSON.stringify(record)}\n`);
}
