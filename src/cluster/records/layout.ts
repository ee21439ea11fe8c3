import { join } from 'node:path';
import { type Files, listIfThere } from '../../system/files.ts';
import type { Part } from './part.ts';

/**
 * Files below a feature set while it is made in parts. Each part has a folder, with a numbered folder per state and one
 * per attempt at the next state. A state appears atomically, by a rename, and never changes.
 *
 * .parts/3-of-8/0001/               a feature set, with part.json and inputs.csv beside its files
 * .parts/3-of-8/attempt-HOST-PID-…  rows of a run under way, or of one that was stopped
 * .parts/int8-…/                    the activation ranges that all parts share
 */
export const partsFolder = '.parts';
export const recordFile = 'part.json';
export const inputsFile = 'inputs.csv';
export const leftOutFile = 'left-out.csv';
export const progressFile = 'progress.json';
export const failureFile = 'failure.json';

export function partFolder(set: string, { index, count }: Part): string {
  return join(set, partsFolder, `${index}-of-${count}`);
}

export async function listParts(files: Files, set: string): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (const name of await listIfThere(files, join(set, partsFolder))) {
    const match = /^(\d+)-of-(\d+)$/.exec(name);
    if (match !== null) parts.push({ index: Number(match[1]), count: Number(match[2]) });
  }
  return parts.sort((a, b) => a.count - b.count || a.index - b.index);
}

const stateName = /^\d{4,}$/;

export function stateFolder(state: number): string {
  return String(state).padStart(4, '0');
}

interface PartFolder {
  /** Numbers of the part's states, ascending; the last one is current. */
  readonly states: readonly number[];
  readonly attempts: readonly string[];
  readonly failed: boolean;
}

export async function readPartFolder(files: Files, folder: string): Promise<PartFolder> {
  const names = await listIfThere(files, folder);
  return {
    states: names
      .filter((name) => stateName.test(name))
      .map(Number)
      .sort((a, b) => a - b),
    attempts: names.filter((name) => name.startsWith('attempt-')),
    failed: names.includes(failureFile),
  };
}
