import { join } from 'node:path';

/** Names of a feature set's files. The first four and the shards are the set; `.run` is what a run under way keeps. */
export const manifestFile = 'manifest.json';
export const indexFile = 'index.csv';
export const labelsFile = 'labels.csv';
export const outcomesFile = 'outcomes.csv';
export const runFolder = '.run';

/** Ending of the name that `suggest` gives the set of photos to choose from: nobody trains on it. */
export const unlabelledSuffix = '-unlabelled';

/** Name of the file of an int8 set's activation ranges; the copy beside a head has the same. */
export function activationRangesFile(sha256: string): string {
  return `calibration-${sha256.slice(0, 8)}.json`;
}

export function isActivationRangesFile(file: string): boolean {
  return /^calibration-[0-9a-f]{8}\.json$/.test(file);
}

/** Ending of a table that waits for the manifest which names it. */
export const nextSuffix = '.next';

const shardName = /^features-(\d{5,})\.npy$/;

export function shardFile(number: number): string {
  return `features-${String(number).padStart(5, '0')}.npy`;
}

/** Number of a shard from its file's name, or undefined for any other file. */
export function shardNumber(file: string): number | undefined {
  const digits = shardName.exec(file)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function runPath(folder: string, file: string): string {
  return join(folder, runFolder, file);
}

/** The copy of a table or of the manifest that `verify --repair` restores it from, under `.run/`. */
export function spareFile(file: string): string {
  return `spare-${file}`;
}

/** The checks of a shard's rows, under `.run/`: which of them are damaged when its sha256 says that some are. */
export function rowChecksFile(shard: string): string {
  return shard.replace(/\.npy$/, '.checks');
}
