import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { removeFile, renameFile, syncFolder, writeDurably } from '../../system/durable.ts';
import { type Files, listIfThere } from '../../system/files.ts';
import { formatIndex, type IndexedImage } from '../index/index-table.ts';
import { formatLabels, type LabelLine } from '../index/labels.ts';
import { countOutcomes, formatOutcomes, type Outcome } from '../index/outcomes.ts';
import { canonicalJson, fingerprintOf } from '../manifest/fingerprint.ts';
import {
  indexFile,
  labelsFile,
  manifestFile,
  nextSuffix,
  outcomesFile,
  rowChecksFile,
  runPath,
  shardNumber,
} from '../manifest/layout.ts';
import type { FingerprintFields, MadeBy, Manifest, ShardEntry } from '../manifest/manifest.ts';
import { rowLength, rowsPerImage } from '../manifest/manifest.ts';
import { formatManifest, sealManifest } from '../manifest/manifest-file.ts';
import { isWholeFile, keepSpares, tablesOf } from './spares.ts';

/** The contents of the next state of a feature set, whose shards are already on disk. */
export interface Contents {
  readonly fields: FingerprintFields;
  readonly rowShape: readonly number[];
  readonly shards: readonly ShardEntry[];
  /** Iterated more than once. */
  readonly images: Iterable<IndexedImage>;
  /** In the data folder's order. */
  readonly labels: Iterable<LabelLine>;
  readonly outcomes: Iterable<Outcome>;
  readonly madeBy: MadeBy;
  /** As in the manifest. */
  readonly canary: string;
}

/** What the writer needs to finish, apart from shards and rows. */
export interface Ending {
  readonly images: readonly IndexedImage[];
  readonly labels: readonly LabelLine[];
  readonly outcomes: readonly Outcome[];
}

/**
 * Makes a new state current. The tables are written beside the old ones, then the manifest is renamed into place:
 * readers see the complete old state before that, the complete new one after it. The tables are renamed last;
 * `settleTables` does that if the run died in between.
 */
export async function publish(files: Files, folder: string, contents: Contents): Promise<Manifest> {
  const { fields, rowShape, shards, images, labels, outcomes, madeBy } = contents;
  const next = (file: string): string => join(folder, file + nextSuffix);
  let imageCount = 0;
  const counted = each(images, () => imageCount++);
  const indexSha256 = await writeDurably(files, next(indexFile), formatIndex(counted, rowsPerImage(fields)));
  const labelsSha256 = await writeDurably(files, next(labelsFile), formatLabels(labels));
  const outcomesSha256 = await writeDurably(files, next(outcomesFile), formatOutcomes(outcomes));
  const manifest = sealManifest({
    formatVersion: 1,
    fingerprint: fingerprintOf(fields),
    fields,
    rowCount: shards.reduce((sum, shard) => sum + shard.rowCount, 0),
    imageCount,
    rowShape,
    dims: rowLength(rowShape),
    shards,
    indexSha256,
    labelsSha256,
    outcomesSha256,
    counts: countOutcomes(imageCount, outcomes),
    madeBy,
    canary: contents.canary,
  });
  await writeDurably(files, join(folder, manifestFile), [new TextEncoder().encode(formatManifest(manifest))]);
  await settleTables(files, folder, manifest);
  await removeUnnamedShards(files, folder, manifest);
  await keepSpares(files, folder, manifest);
  return manifest;
}

function* each<T>(items: Iterable<T>, note: () => void): Generator<T> {
  for (const item of items) {
    note();
    yield item;
  }
}

/** Whether a manifest already has these contents. */
export async function sameContents(manifest: Manifest, contents: Contents): Promise<boolean> {
  const { fields, shards, images, labels, outcomes, madeBy } = contents;
  return (
    canonicalJson(manifest.shards) === canonicalJson(shards) &&
    canonicalJson(manifest.madeBy) === canonicalJson(madeBy) &&
    manifest.indexSha256 === (await hashOf(formatIndex(images, rowsPerImage(fields)))) &&
    manifest.labelsSha256 === (await hashOf(formatLabels(labels))) &&
    manifest.outcomesSha256 === (await hashOf(formatOutcomes(outcomes)))
  );
}

async function hashOf(parts: Iterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part);
    // Millions of lines take a while: let signals and timers run.
    await nextTurn();
  }
  return hash.digest('hex');
}

/**
 * Renames the `.next` tables of the current manifest into place, and deletes those of a manifest that was never
 * written.
 */
export async function settleTables(files: Files, folder: string, manifest: Manifest): Promise<void> {
  for (const table of tablesOf(manifest)) {
    const waiting = join(folder, table.file + nextSuffix);
    const isWhole = await isWholeFile(files, waiting, table);
    if (isWhole === undefined) continue;
    if (isWhole) await renameFile(files, waiting, join(folder, table.file));
    else await removeFile(files, waiting);
  }
  await syncFolder(files, folder);
}

/** Removes shards that are not in the manifest: of a replaced set, or of an abandoned run. */
export async function removeUnnamedShards(files: Files, folder: string, manifest: Manifest | undefined): Promise<void> {
  const named = new Set(manifest?.shards.map((shard) => shard.file));
  for (const file of await listIfThere(files, folder)) {
    if (shardNumber(file) !== undefined && !named.has(file)) await removeShard(files, folder, file);
  }
}

/** Removes a shard and the checksums of its rows. */
async function removeShard(files: Files, folder: string, file: string): Promise<void> {
  await removeFile(files, join(folder, file));
  await removeFile(files, runPath(folder, rowChecksFile(file)));
}
