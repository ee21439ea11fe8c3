import { appendFile, readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Outcome, Recipe } from './sides.ts';

/** What says which outcome it is. */
export interface Run {
  readonly side: 'featuretap' | 'pytorch';
  readonly repeat: number;
  readonly judgedBy: 'test' | 'validation';
  readonly trainRows: number;
  readonly testRows: number;
  /** The feature set: its fingerprint says images, network, tap and preprocessing. */
  readonly fingerprint: string;
  readonly tap: string;
  readonly mapShape: readonly number[];
  readonly threads: number;
  readonly recipe: Recipe;
}

export type Record = Run & Outcome;

/** Runs that a file has kept, a line of JSON each, so that an interrupted bench goes on where it was. */
export async function readRecords(file: string | undefined): Promise<Record[]> {
  if (file === undefined) return [];
  const text = await readFile(file, 'utf8').catch(() => '');
  // A line that was being written when the run was killed has no end.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line));
}

/** Whether a kept run is the one that is asked for, on as many threads. */
export function sameRun(record: Record, run: Run): boolean {
  const { version: _v, linear: _l, accuracy: _a, epochSeconds: _e, processorSeconds: _p, ...kept } = record;
  return isDeepStrictEqual(kept, run);
}

export async function appendRecord(file: string | undefined, record: Record): Promise<void> {
  // A newline before it ends a line that a killed run left open.
  if (file !== undefined) await appendFile(file, `\n${JSON.stringify(record)}\n`);
}
