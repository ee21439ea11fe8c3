import { join } from 'node:path';
import { contentsOf } from '../../../scripts/cluster/same-set.ts';
import { type MergeOptions, type MergeResult, mergeParts } from '../../../src/cluster/merge/merge.ts';
import { extractPart, type PartResult } from '../../../src/cluster/part/extract-part.ts';
import { type ExtractResult, extract } from '../../../src/extract/extract.ts';
import { CountingNetwork, drawnRun, type RunChanges } from '../../extract/drawn-data.ts';
import { quickFiles } from '../../features/run/faulty-files.ts';

export type Extra = RunChanges;

/** The set of a single run: `DATA-cache/alone`. */
export function extractAlone(data: string, extra: Extra = {}): Promise<ExtractResult> {
  return extract(drawnRun(data, new CountingNetwork(), { name: 'alone', ...extra }));
}

/** Part k of n of `DATA-cache/parts`. */
export function extractOne(data: string, index: number, count: number, extra: Extra = {}): Promise<PartResult> {
  return extractPart({ index, count }, drawnRun(data, new CountingNetwork(), { name: 'parts', ...extra }));
}

export async function extractAll(data: string, count: number, extra: Extra = {}): Promise<void> {
  // In reverse, since the order must not matter.
  for (let index = count - 1; index >= 0; index--) await extractOne(data, index, count, extra);
}

export function merge(data: string, partCount: number, extra: Partial<MergeOptions> = {}): Promise<MergeResult> {
  return mergeParts({ set: join(`${data}-cache`, 'parts'), partCount, command: 'merge', files: quickFiles, ...extra });
}

/** Both sets of a data folder: merged from parts, and from a single run. */
export async function bothSets(data: string): Promise<readonly [object, object]> {
  return [await contentsOf(join(`${data}-cache`, 'parts')), await contentsOf(join(`${data}-cache`, 'alone'))];
}
