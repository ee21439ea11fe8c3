import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { UserError } from '../../system/errors.ts';
import { type Files, readIfThere } from '../../system/files.ts';
import { repairCommand } from '../../system/own-command.ts';
import { indexFile, labelsFile, manifestFile, nextSuffix, outcomesFile } from './layout.ts';
import type { Manifest } from './manifest.ts';
import { parseManifest } from './manifest-file.ts';

/** One consistent state of a feature set: a manifest and its tables, checked against their sha256. */
export interface SetState {
  readonly manifest: Manifest;
  readonly index: Uint8Array;
  readonly labels: Uint8Array;
  readonly outcomes: Uint8Array;
  /** Missing tables among those that the caller recreates; their bytes are empty. */
  readonly missing: readonly string[];
}

const attempts = 5;

/**
 * Reads the current state without a lock. A table is read from its own name or, between the manifest's rename and the
 * table's, from its `.next` file; if a writer publishes meanwhile, everything is read again.
 *
 * @param madeAnew tables that may be missing; one that exists must still match the manifest, so that a user's own
 *   changes are not overwritten
 * @returns undefined if there is no manifest
 * @throws UserError if a table does not match the manifest
 */
export async function readState(
  files: Files,
  folder: string,
  madeAnew: readonly string[] = [],
): Promise<SetState | undefined> {
  const path = join(folder, manifestFile);
  let bytes = await readIfThere(files, path);
  for (let attempt = 1; ; attempt++) {
    if (bytes === undefined) return undefined;
    const manifest = parseManifest(bytes, path);
    const index = await readTable(files, folder, indexFile, manifest.indexSha256);
    const labels = await readTable(files, folder, labelsFile, manifest.labelsSha256);
    const outcomes = await readTable(files, folder, outcomesFile, manifest.outcomesSha256);
    const lacking = [index, labels, outcomes].filter(({ bytes }) => bytes === undefined);
    if (lacking.every(({ file, isThere }) => !isThere && madeAnew.includes(file))) {
      const none = new Uint8Array(0);
      return {
        manifest,
        index: index.bytes ?? none,
        labels: labels.bytes ?? none,
        outcomes: outcomes.bytes ?? none,
        missing: lacking.map(({ file }) => file),
      };
    }
    const again = await readIfThere(files, path);
    const unchanged = again !== undefined && Buffer.compare(again, bytes) === 0;
    if (unchanged || attempt === attempts) {
      const { file = '', found = 'nothing', sha256 = '' } = lacking[0] ?? {};
      throw damagedTable(folder, file, found, sha256);
    }
    bytes = again;
  }
}

/** The error for a table that does not match the manifest. */
export function damagedTable(folder: string, file: string, found: string, sha256: string): UserError {
  return new UserError({
    what: 'a feature set is damaged: a table does not match manifest.json',
    where: join(folder, file),
    found,
    expected: `sha256 ${sha256.slice(0, 12)}...`,
    fix: `${repairCommand(folder)}${file === labelsFile ? '\nlabels.csv is made from the data folder: edit labels there, or in a table for classify --labels FILE' : ''}`,
  });
}

interface Table {
  readonly file: string;
  readonly sha256: string;
  readonly bytes?: Uint8Array;
  readonly isThere: boolean;
  readonly found: string;
}

/** Reads one table of a state, from its own name or its `.next` file, and checks its sha256. */
export async function readTable(files: Files, folder: string, file: string, sha256: string): Promise<Table> {
  let found = 'no such file';
  let isThere = false;
  // Its own name once more: the `.next` file may have been renamed after the first read.
  for (const name of [file, file + nextSuffix, file]) {
    const bytes = await readIfThere(files, join(folder, name));
    if (bytes === undefined) continue;
    const actual = createHash('sha256').update(bytes).digest('hex');
    if (actual === sha256) return { file, sha256, bytes, isThere: true, found: '' };
    if (name !== file) continue;
    isThere = true;
    found = `sha256 ${actual.slice(0, 12)}...`;
  }
  return { file, sha256, isThere, found };
}
