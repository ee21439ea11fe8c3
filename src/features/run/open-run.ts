import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { UserError } from '../../system/errors.ts';
import { type Files, listIfThere, readIfThere } from '../../system/files.ts';
import { FileMemory } from '../index/file-memory.ts';
import { differences, fingerprintOf } from '../manifest/fingerprint.ts';
import { labelsFile, manifestFile, outcomesFile, shardNumber } from '../manifest/layout.ts';
import type { FingerprintFields, Manifest } from '../manifest/manifest.ts';
import { readState, type SetState } from '../manifest/state.ts';
import { ShardFile } from '../shards/shard.ts';
import { Journal, type JournalContents } from './journal.ts';
import { removeUnnamedShards, settleTables } from './publish.ts';
import { readHeader } from './run-records.ts';

/** The state from which a writer starts. */
export interface OpenedRun {
  readonly journal: Journal;
  readonly contents: JournalContents;
  /** The set that this run extends; undefined for a new or replaced set. */
  readonly kept: SetState | undefined;
  readonly memory: FileMemory;
  readonly firstShard: number;
}

interface RunSettings {
  readonly fields: FingerprintFields;
  readonly dataFolder: string;
  /** Discard the rows of a set that has another fingerprint or is damaged. */
  readonly replace?: boolean | undefined;
}

/** Settings of a writer. */
export interface WriterSettings extends RunSettings {
  /** Images per batch. Batches never span two shards, so that their composition depends on nothing else. */
  readonly batchImages: number;
  readonly command: string;
  /** Size of a shard. Default: 64 MB. */
  readonly shardBytes?: number | undefined;
  /** Upper bound of the seconds of work that a kill loses. Default: 10. */
  readonly checkpointSeconds?: number | undefined;
}

/**
 * Loads what a run continues from: the current set, the journal of a stopped run, and the memory of files. Call it with
 * the lock held: it completes the publication of a killed run and removes obsolete files.
 *
 * @throws UserError if the current set has another fingerprint or is damaged
 */
export async function openRun(files: Files, folder: string, settings: RunSettings): Promise<OpenedRun> {
  const { fields, dataFolder } = settings;
  const fingerprint = fingerprintOf(fields);
  const replace = settings.replace === true;
  const state = await readStateUnless(replace, files, folder);
  if (state !== undefined) await settleTables(files, folder, state.manifest);
  const sameFields = state === undefined || state.manifest.fingerprint === fingerprint;
  if (!sameFields && !replace) throw madeOtherwise(folder, state.manifest.fields, fields);
  const manifest = await readIfThere(files, join(folder, manifestFile));
  const base = manifest === undefined ? '' : createHash('sha256').update(manifest).digest('hex');
  const left = await readHeader(files, folder);
  const isLeft = left !== undefined && left.base === base;
  if (isLeft && left.fingerprint !== fingerprint && !replace) throw madeOtherwise(folder, left.fields, fields);
  const replaces = manifest !== undefined && (state === undefined || !sameFields);
  const kept = replaces ? undefined : state;
  if (kept !== undefined) await checkShardsAreThere(files, folder, kept.manifest);
  // A replaced set keeps its files until the new one is complete, so shard numbers continue after them.
  const firstShard = isLeft ? left.firstShard : 1 + (await lastShardNumber(files, folder, state));
  const header = { fingerprint, fields, base, replaces, firstShard };
  const { journal, contents, resumed } = await Journal.open(files, folder, header);
  if (!resumed && (state !== undefined || manifest === undefined)) {
    await removeUnnamedShards(files, folder, state?.manifest);
  }
  const memory = await FileMemory.load(files, folder, dataFolder);
  return { journal, contents, kept, memory, firstShard };
}

/** With `--replace`, a damaged set is discarded. */
async function readStateUnless(replace: boolean, files: Files, folder: string): Promise<SetState | undefined> {
  try {
    // Labels and outcomes follow from the data folder, as in every run.
    return await readState(files, folder, [labelsFile, outcomesFile]);
  } catch (error) {
    if (replace && error instanceof UserError) return undefined;
    throw error;
  }
}

/** Checks header and length of every shard: missing rows must not count as kept. */
async function checkShardsAreThere(files: Files, folder: string, manifest: Manifest): Promise<void> {
  const { shards, rowShape, fields } = manifest;
  for (const entry of shards) {
    const shard = await ShardFile.open(files, folder, entry, { rowShape, dtype: fields.dtype });
    await shard.close();
  }
}

async function lastShardNumber(files: Files, folder: string, state: SetState | undefined): Promise<number> {
  const named = state?.manifest.shards.map((shard) => shard.file) ?? (await shardsOfDamagedSet(files, folder));
  return Math.max(-1, ...named.map((file) => shardNumber(file) ?? -1));
}

/** All shards in the folder if the manifest is unreadable; none if there is no manifest. */
async function shardsOfDamagedSet(files: Files, folder: string): Promise<readonly string[]> {
  return (await readIfThere(files, join(folder, manifestFile))) === undefined ? [] : await listIfThere(files, folder);
}

export function madeOtherwise(folder: string, before: FingerprintFields, now: FingerprintFields): UserError {
  return new UserError({
    what: 'a feature set of this name has another fingerprint, and rows that differ are never mixed',
    where: folder,
    found: differences(before, now).join('; '),
    expected: 'the same fingerprint',
    fix: '--name OTHER keeps both; --replace recomputes this one (the old one stays until the new one is complete)',
  });
}
