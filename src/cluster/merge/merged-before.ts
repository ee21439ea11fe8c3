import { join } from 'node:path';
import { manifestFile, runPath } from '../../features/manifest/layout.ts';
import type { Manifest } from '../../features/manifest/manifest.ts';
import { parseManifest } from '../../features/manifest/manifest-file.ts';
import { writeDurably } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, readIfThere } from '../../system/files.ts';
import { partsFolder } from '../records/layout.ts';
import type { PartsMissingError } from './part-problems.ts';

/** merged.json, under `.run/`: what was merged when the parts' folders were taken away. */
interface MergedMark {
  readonly parts: number;
  /** sha256 of the manifest. */
  readonly manifest: string;
}

const markFile = 'merged.json';

/** Remembers that a set was merged: a merge that is run again after its parts are gone has nothing to do. */
export async function keepMergedMark(files: Files, set: string, parts: number, manifest: Manifest): Promise<void> {
  const mark: MergedMark = { parts, manifest: manifest.sha256 };
  await writeDurably(files, runPath(set, markFile), [new TextEncoder().encode(`${JSON.stringify(mark)}\n`)]);
}

/** Where the parts' folders go in one step, to be removed: a merge that is killed finds all of them or none. */
function removedParts(set: string): string {
  return runPath(set, 'merged-parts');
}

/** Takes the folders of parts that were merged away. */
export async function removeParts(files: Files, set: string): Promise<void> {
  await files.removeFolder(removedParts(set));
  await files.rename(join(set, partsFolder), removedParts(set));
  await files.removeFolder(removedParts(set));
}

/** Removes what `removeParts` of a killed merge left. */
export async function removeLeftParts(files: Files, set: string): Promise<void> {
  await files.removeFolder(removedParts(set));
}

/** The set, where it was merged and has not changed since. */
export async function mergedBefore(
  files: Files,
  set: string,
): Promise<{ readonly manifest: Manifest; readonly parts: number } | undefined> {
  const path = join(set, manifestFile);
  const bytes = await readIfThere(files, path);
  if (bytes === undefined) return undefined;
  try {
    const manifest = parseManifest(bytes, path);
    const parts = await mergedParts(files, set, manifest);
    return parts === undefined ? undefined : { manifest, parts };
  } catch (error) {
    // What is wrong with the manifest is reported where the set is opened.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** How many parts a set was merged of, where it has not changed since; undefined for any other. */
async function mergedParts(files: Files, set: string, manifest: Manifest): Promise<number | undefined> {
  const bytes = await readIfThere(files, runPath(set, markFile));
  if (bytes === undefined) return undefined;
  try {
    const mark: MergedMark = JSON.parse(new TextDecoder().decode(bytes));
    return mark.manifest === manifest.sha256 ? mark.parts : undefined;
  } catch {
    return undefined;
  }
}

/** Whether all that keeps parts from being merged is that they were, and their folders are gone. */
export function isMergedAlready(error: PartsMissingError, partCount: number, merged: number | undefined): boolean {
  return merged === partCount && error.damaged.length === 0 && error.missing.length === partCount;
}
