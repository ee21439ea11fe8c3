import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type MergeOptions, type MergeResult, mergeParts } from '../../../src/cluster/merge/merge.ts';
import { extractPart, type PartResult } from '../../../src/cluster/part/extract-part.ts';
import { type ExtractResult, extract } from '../../../src/extract/extract.ts';
import { CountingNetwork, drawnRun, type RunChanges } from '../../extract/drawn-data.ts';
import { quickFiles } from '../../features/run/faulty-files.ts';

export type Extra = RunChanges;

/** The set as one machine makes it: `DATA-cache/alone`. */
export function extractAlone(data: string, extra: Extra = {}): Promise<ExtractResult> {
  return extract(drawnRun(data, new CountingNetwork(), { name: 'alone', ...extra }));
}

/** Part k of n of `DATA-cache/parts`. */
export function extractOne(data: string, index: number, count: number, extra: Extra = {}): Promise<PartResult> {
  return extractPart({ index, count }, drawnRun(data, new CountingNetwork(), { name: 'parts', ...extra }));
}

export async function extractAll(data: string, count: number, extra: Extra = {}): Promise<void> {
  // Backwards: the order must not matter.
  for (let index = count - 1; index >= 0; index--) await extractOne(data, index, count, extra);
}

export function merge(data: string, partCount: number, extra: Partial<MergeOptions> = {}): Promise<MergeResult> {
  return mergeParts({ set: join(`${data}-cache`, 'parts'), partCount, command: 'merge', files: quickFiles, ...extra });
}

/** Every file of a set by its name, as text; what a run keeps for itself, apart from how fast it was, is among them. */
export async function filesOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: Record<string, string> = {};
  for (const entry of names) {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (!entry.isFile() || /^(\.parts|\.run\/(speed|merged)\.json)/.test(path)) continue;
    files[path] = await readFile(join(folder, path), 'latin1');
  }
  return files;
}

/** Both sets of a data folder: as one machine made it, and as it was merged. */
export async function bothSets(data: string): Promise<readonly [object, object]> {
  return [await filesOf(join(`${data}-cache`, 'parts')), await filesOf(join(`${data}-cache`, 'alone'))];
}
