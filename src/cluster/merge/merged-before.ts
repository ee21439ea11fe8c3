import { join } from 'node:path';
import { manifestFile, runPath } from '../../features/manifest/layout.ts';
import type { Manifest } from '../../features/manifest/manifest.ts';
import { parseManifest } from '../../features/manifest/manifest-file.ts';
import { writeDurably } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, readIfThere } from '../../system/files.ts';
import { partsFolder } from '../records/layout.ts';
import type { PartsMissingError } from './part-problems.ts';

/** merged.json under `.run/`: what was merged before the parts were removed. */
interface MergedMark {
  readonly parts: number;
  /** sha256 of the manifest. */
  readonly manifest: string;
}

const markFile = 'merged.json';

/** Records that a set was merged, so that running the merge again without parts does nothing. */
export async function keepMergedMark(files: Files, set: string, parts: number, manifest: Manifest): Promise<void> {
  const mark: MergedMark = { parts, manifest: manifest.sha256 };
  await writeDurably(files, runPath(set, markFile), [new TextEncoder().encode(`${JSON.stringify(mark)}\n`)]);
}

/** Folder to which all parts are renamed in one step before removal, so that a killed merge leaves all or none. */
function removedParts(set: string): string {
  return runPath(set, 'merged-parts');
}

/** Removes the folders of merged parts. */
export async function removeParts(files: Files, set: string): Promise<void> {
  await files.removeFolder(removedParts(set));
  await files.rename(join(set, partsFolder), removedParts(set));
  await files.removeFolder(removedParts(set));
}

/** Completes the removal by a killed merge. */
export async function removeLeftParts(files: Files, set: string): Promise<void> {
  await files.removeFolder(removedParts(set));
}

/** The result of an earlier merge, if the set is unchanged since. */
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
    // Opening the set reports a damaged manifest.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Number of parts of an earlier merge, if the set is unchanged since; else undefined. */
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

/** Whether the parts are only missing because they have already been merged. */
export function isMergedAlready(error: PartsMissingError, partCount: number, merged: number | undefined): boolean {
  return merged === partCount && error.damaged.length === 0 && error.missing.length === partCount;
}
