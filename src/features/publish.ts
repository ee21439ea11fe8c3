import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeDurably } from './durable.ts';
import { type Files, listIfThere, readIfThere } from './files.ts';
import { fingerprintOf } from './fingerprint.ts';
import { formatIndex, type IndexedImage } from './index-table.ts';
import { formatLabels } from './labels.ts';
import { indexFile, labelsFile, manifestFile, nextSuffix, outcomesFile, shardNumber } from './layout.ts';
import type { FingerprintFields, MadeBy, Manifest, ShardEntry } from './manifest.ts';
import { rowsPerImage } from './manifest.ts';
import { formatManifest } from './manifest-file.ts';
import { countOutcomes, formatOutcomes, type Outcome } from './outcomes.ts';

/** Everything that the next state of a feature set says; the shards it names are on the disk already. */
export interface Contents {
  readonly fields: FingerprintFields;
  readonly rowShape: readonly number[];
  readonly shards: readonly ShardEntry[];
  /** In row order. */
  readonly images: readonly IndexedImage[];
  /** Id and label, in the data folder's order. */
  readonly labels: Iterable<readonly [string, string]>;
  readonly outcomes: readonly Outcome[];
  readonly madeBy: MadeBy;
}

/**
 * Makes a new state the current one. The tables are written beside the old ones, then the manifest that names them is
 * renamed into place: before that moment every reader finds the old state whole, after it the new one. The tables'
 * own renames come after, and `finishPublishing` does them where a run died in between.
 */
export async function publish(files: Files, folder: string, contents: Contents): Promise<Manifest> {
  const { fields, rowShape, shards, images, labels, outcomes, madeBy } = contents;
  const next = (file: string): string => join(folder, file + nextSuffix);
  const indexSha256 = await writeDurably(files, next(indexFile), formatIndex(images, rowsPerImage(fields)));
  const labelsSha256 = await writeDurably(files, next(labelsFile), formatLabels(labels));
  const outcomesSha256 = await writeDurably(files, next(outcomesFile), formatOutcomes(outcomes));
  const manifest: Manifest = {
    formatVersion: 1,
    fingerprint: fingerprintOf(fields),
    fields,
    rowCount: shards.reduce((sum, shard) => sum + shard.rowCount, 0),
    imageCount: images.length,
    rowShape,
    shards,
    indexSha256,
    labelsSha256,
    outcomesSha256,
    counts: countOutcomes(images.length, outcomes),
    madeBy,
  };
  await writeDurably(files, join(folder, manifestFile), [new TextEncoder().encode(formatManifest(manifest))]);
  await finishPublishing(files, folder, manifest);
  return manifest;
}

/**
 * Renames tables that the manifest names from where they wait, drops those that wait for a manifest that never came,
 * and removes shards that the manifest does not name.
 */
export async function finishPublishing(files: Files, folder: string, manifest: Manifest): Promise<void> {
  const tables = [
    [indexFile, manifest.indexSha256],
    [labelsFile, manifest.labelsSha256],
    [outcomesFile, manifest.outcomesSha256],
  ] as const;
  for (const [file, sha256] of tables) {
    const waiting = join(folder, file + nextSuffix);
    const bytes = await readIfThere(files, waiting);
    if (bytes === undefined) continue;
    if (createHash('sha256').update(bytes).digest('hex') === sha256) await files.rename(waiting, join(folder, file));
    else await files.remove(waiting);
  }
  await files.syncFolder(folder);
  const named = new Set(manifest.shards.map((shard) => shard.file));
  for (const file of await listIfThere(files, folder)) {
    if (shardNumber(file) !== undefined && !named.has(file)) await files.remove(join(folder, file));
  }
}
