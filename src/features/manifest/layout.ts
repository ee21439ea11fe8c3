import { join } from 'node:path';

/** Names of a feature set's files. The first four and the shards are the set; `.run` belongs to the running process. */
export const manifestFile = 'manifest.json';
export const indexFile = 'index.csv';
export const labelsFile = 'labels.csv';
export const outcomesFile = 'outcomes.csv';
export const runFolder = '.run';

/** Suffix of the sets that `suggest` makes of unlabelled photos: they are never trained on. */
export const unlabelledSuffix = '-unlabelled';

/** File name of an int8 set's activation ranges; the copy beside a head has the same name. */
export function activationRangesFile(sha256: string): string {
  return `calibration-${sha256.slice(0, 8)}.json`;
}

export function isActivationRangesFile(file: string): boolean {
  return /^calibration-[0-9a-f]{8}\.json$/.test(file);
}

/** Suffix of a table written before the manifest that references it. */
export const nextSuffix = '.next';

const shardName = /^features-(\d{5,})\.npy$/;

export function shardFile(number: number): string {
  return `features-${String(number).padStart(5, '0')}.npy`;
}

/** Number of a shard from its file name, or undefined for other files. */
export function shardNumber(file: string): number | undefined {
  const digits = shardName.exec(file)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function runPath(folder: string, file: string): string {
  return join(folder, runFolder, file);
}

/** Spare copy of a table or the manifest under `.run/`, for `verify --repair`. */
export function spareFile(file: string): string {
  return `spare-${file}`;
}

/** Checksums of a shard's rows under `.run/`: they tell which rows of a damaged shard are intact. */
export function rowChecksFile(shard: string): string {
  return shard.replace(/\.npy$/, '.checks');
}
