import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeDurably } from '../../system/durable.ts';
import { type Files, hashOfFile, readBlocks, readIfThere, statIfThere } from '../../system/files.ts';
import { hashOfJson } from '../manifest/fingerprint.ts';
import {
  activationRangesFile,
  indexFile,
  labelsFile,
  manifestFile,
  outcomesFile,
  runPath,
  spareFile,
} from '../manifest/layout.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { formatManifest } from '../manifest/manifest-file.ts';

/** A file of a feature set that cannot be recomputed from the images, and how to check its bytes. */
export interface KeptFile {
  readonly file: string;
  readonly isWhole: (bytes: Uint8Array) => boolean;
  /** sha256 of the bytes, if that is the check: such a file can be checked without loading it. */
  readonly sha256?: string;
  /** What is impossible without it; absent if the rows cannot be read without it. */
  readonly lack?: string;
}

/** The tables of a set, each with the sha256 that its manifest gives it. */
export function tablesOf(manifest: Manifest): readonly KeptFile[] {
  const tables = [
    [indexFile, manifest.indexSha256],
    [labelsFile, manifest.labelsSha256],
    [outcomesFile, manifest.outcomesSha256],
  ] as const;
  return tables.map(([file, sha256]) => ({ file, sha256, isWhole: (bytes) => sha256Of(bytes) === sha256 }));
}

/** The activation ranges of an int8 set: the fingerprint holds the sha256 of its canonical JSON. */
export function activationRangesOf(manifest: Manifest): KeptFile | undefined {
  const sha256 = manifest.fields.calibration?.sha256;
  if (sha256 === undefined) return undefined;
  return {
    file: activationRangesFile(sha256),
    isWhole: (bytes) => sha256OfJson(bytes) === sha256,
    lack: 'rows cannot be added, nor photos predicted',
  };
}

/**
 * Keeps copies of the manifest and the tables under `.run/` for `verify --repair`. Copies that are up to date are not
 * rewritten.
 */
export async function keepSpares(files: Files, folder: string, manifest: Manifest): Promise<void> {
  const text = new TextEncoder().encode(formatManifest(manifest));
  const own: KeptFile = { file: manifestFile, isWhole: (bytes) => Buffer.compare(bytes, text) === 0 };
  for (const kept of [own, ...tablesOf(manifest), activationRangesOf(manifest) ?? []].flat()) {
    const spare = runPath(folder, spareFile(kept.file));
    if ((await isWholeFile(files, spare, kept)) === true) continue;
    const path = join(folder, kept.file);
    if ((await isWholeFile(files, path, kept)) === true) await writeDurably(files, spare, readBlocks(files, path));
  }
}

/** Whether a file matches the manifest; undefined if there is no such file. */
export async function isWholeFile(
  files: Files,
  path: string,
  { sha256, isWhole }: KeptFile,
): Promise<boolean | undefined> {
  if ((await statIfThere(files, path)) === undefined) return undefined;
  if (sha256 !== undefined) return (await hashOfFile(files, path)) === sha256;
  const bytes = await readIfThere(files, path);
  return bytes === undefined ? undefined : isWhole(bytes);
}

/** The spare copy of a file, if it is intact. */
export async function readSpare(
  files: Files,
  folder: string,
  { file, isWhole }: KeptFile,
): Promise<Uint8Array | undefined> {
  const bytes = await readIfThere(files, runPath(folder, spareFile(file))).catch(() => undefined);
  return bytes !== undefined && isWhole(bytes) ? bytes : undefined;
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function sha256OfJson(bytes: Uint8Array): string | undefined {
  try {
    return hashOfJson(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return undefined;
  }
}
