import { join } from 'node:path';
import { type IndexedImage, IndexTable } from '../../features/index/index-table.ts';
import { parseLabelLines } from '../../features/index/labels.ts';
import { type Outcome, parseOutcomes } from '../../features/index/outcomes.ts';
import {
  indexFile,
  labelsFile,
  manifestFile,
  outcomesFile,
  rowChecksFile,
  runFolder,
  runPath,
  shardFile,
  shardNumber,
  spareFile,
} from '../../features/manifest/layout.ts';
import { type Manifest, rowLength, rowsPerImage, type ShardEntry } from '../../features/manifest/manifest.ts';
import { readState, type SetState } from '../../features/manifest/state.ts';
import { type DamagedShard, runsOf } from '../../features/repair/damaged-rows.ts';
import { type Verification, verifyFeatureSet } from '../../features/repair/verify.ts';
import { takeLock } from '../../features/run/lock.ts';
import { publish } from '../../features/run/publish.ts';
import { ShardFile, writeShard } from '../../features/shards/shard.ts';
import { decodeNumbers } from '../../formats/npy/npy.ts';
import { makeFolder, renameFile, syncFolder, writeDurably } from '../../system/durable.ts';
import { InterruptedError, UserError } from '../../system/errors.ts';
import { type Files, nodeFiles, readIfThere } from '../../system/files.ts';
import { type RecomputeOptions, recomputeRows } from './recompute-rows.ts';

export interface RepairOptions extends RecomputeOptions {
  readonly command: string;
}

export interface Repair {
  /** Files (manifest, tables, activation ranges) restored from spare copies. */
  readonly restored: readonly string[];
  /** Images whose rows were recomputed. */
  readonly recomputed: number;
  /** Images whose rows could not be recomputed; they are now in outcomes.csv. */
  readonly dropped: readonly { readonly id: string; readonly reason: string }[];
  /** Verification after the repair. */
  readonly after: Verification;
}

/**
 * Repairs what `verifyFeatureSet` finds: tables from their spare copies, damaged rows from their images. A row whose
 * image is missing or changed leaves the set, with an entry in outcomes.csv.
 *
 * @throws UserError if a damaged table has no intact copy, or the weights are not those of the set
 */
export async function repairFeatureSet(folder: string, options: RepairOptions): Promise<Repair> {
  const { files = nodeFiles } = options;
  await makeFolder(files, join(folder, runFolder));
  const lock = await takeLock(files, folder, options.command);
  try {
    const before = await verifyFeatureSet(folder, files);
    await restoreTables(files, before);
    const state = await readState(files, folder);
    if (state === undefined) throw new Error('a verified set has a manifest');
    const images = imagesOf(folder, state);
    const lost = lostImages(state.manifest, images, before.damagedShards);
    const computed =
      lost.length === 0 ? new Map<string, Float32Array>() : await recomputeRows(folder, state, lost, options);
    const dropped = lost.flatMap(({ id, sha256 }) =>
      computed.has(sha256) ? [] : [{ id, reason: 'its row was damaged, and its image is gone, changed or unreadable' }],
    );
    if (before.damagedShards.length > 0) await writeRepaired(files, folder, state, before, images, computed, dropped);
    const after = await verifyFeatureSet(folder, files);
    return { restored: before.restorable, recomputed: computed.size, dropped, after };
  } catch (error) {
    throw error instanceof InterruptedError ? new InterruptedError(options.command) : error;
  } finally {
    await lock.release();
  }
}

async function restoreTables(files: Files, { folder, manifest, problems, restorable }: Verification): Promise<void> {
  const tables = [manifestFile, indexFile, labelsFile, outcomesFile];
  const beyond = problems.find(({ file }) => tables.includes(file) && !restorable.includes(file));
  if (manifest === undefined || beyond !== undefined) {
    const file = beyond?.file ?? manifestFile;
    const isMadeOfData = file === labelsFile || file === outcomesFile;
    throw new UserError({
      what: `a table of the feature set is damaged, and there is no backup of it`,
      where: join(folder, file),
      found: beyond?.what ?? 'nothing that can be read',
      fix: isMadeOfData
        ? `delete ${file} and run featuretap extract again: it makes the table of the data folder, and computes no row`
        : 'featuretap extract with --replace computes the set again from its images',
    });
  }
  for (const file of restorable) {
    const spare = await readIfThere(files, runPath(folder, spareFile(file)));
    if (spare !== undefined) await writeDurably(files, join(folder, file), [spare]);
  }
}

function imagesOf(folder: string, { manifest, index }: SetState): readonly IndexedImage[] {
  const table = new IndexTable(index, manifest.imageCount, rowsPerImage(manifest.fields), join(folder, indexFile));
  return Array.from({ length: table.imageCount }, (_, image) => table.at(image));
}

/** Images with a damaged row. */
function lostImages(
  manifest: Manifest,
  images: readonly IndexedImage[],
  damagedShards: readonly DamagedShard[],
): readonly IndexedImage[] {
  const damaged = new Set(damagedShards.flatMap((shard) => shard.rows));
  const stride = rowsPerImage(manifest.fields);
  return images.filter(({ row }) =>
    Array.from({ length: stride }, (_, i) => row + i).some((each) => damaged.has(each)),
  );
}

/** Rewrites each damaged shard. If the result equals the original bitwise, the manifest is unchanged. */
async function writeRepaired(
  files: Files,
  folder: string,
  state: SetState,
  before: Verification,
  images: readonly IndexedImage[],
  computed: ReadonlyMap<string, Float32Array>,
  dropped: Repair['dropped'],
): Promise<void> {
  const { manifest } = state;
  const { rowShape, fields } = manifest;
  let next = 1 + Math.max(...manifest.shards.map((shard) => shardNumber(shard.file) ?? 0));
  const shards: ShardEntry[] = [...manifest.shards];
  for (const damaged of before.damagedShards) {
    const data = await readUndamaged(files, folder, manifest, damaged);
    const end = damaged.firstRow + damaged.entry.rowCount;
    for (const { row, sha256 } of images) {
      const rows = row >= damaged.firstRow && row < end ? computed.get(sha256) : undefined;
      if (rows !== undefined) data.set(rows, (row - damaged.firstRow) * rowLength(rowShape));
    }
    const file = shardFile(next++);
    const checks = runPath(folder, rowChecksFile(file));
    const entry = await writeShard(files, folder, file, data, rowShape, fields.dtype, checks);
    const place = shards.findIndex((shard) => shard.file === damaged.entry.file);
    if (entry.sha256 === damaged.entry.sha256) {
      // The original bytes: restore the old name.
      await renameFile(files, join(folder, file), join(folder, damaged.entry.file));
      await renameFile(files, checks, runPath(folder, rowChecksFile(damaged.entry.file)));
      await syncFolder(files, folder);
    } else shards[place] = entry;
  }
  if (shards.every((shard, i) => shard === manifest.shards[i]) && dropped.length === 0) return;
  const gone = new Map(dropped.map(({ id, reason }) => [id, reason]));
  const outcomes: Outcome[] = images.flatMap(({ id, path }) => {
    const reason = gone.get(id);
    return reason === undefined ? [] : [{ id, path, outcome: 'failed' as const, reason }];
  });
  const kept = images.filter(({ id }) => !gone.has(id));
  const keptRows = new Set(kept.map(({ row }) => row));
  for (const outcome of parseOutcomes(state.outcomes, join(folder, outcomesFile))) {
    const { row, ...rest } = outcome;
    // A duplicate shared the lost row and its bytes.
    if (row === undefined || keptRows.has(row)) outcomes.push(outcome);
    else outcomes.push({ ...rest, outcome: 'failed', reason: 'its row was damaged and could not be computed again' });
  }
  const labels = parseLabelLines(state.labels, join(folder, labelsFile));
  const { madeBy, canary } = manifest;
  await publish(files, folder, { fields, rowShape, shards, images: kept, labels, outcomes, madeBy, canary });
}

/** A shard's rows as far as readable; zeros if the file is missing or truncated. */
async function readUndamaged(
  files: Files,
  folder: string,
  { rowShape, fields }: Manifest,
  { entry, rows, firstRow }: DamagedShard,
): Promise<Float32Array> {
  const data = new Float32Array(entry.rowCount * rowLength(rowShape));
  if (rows.length === entry.rowCount) return data;
  // By its offset in the file, since the header may be damaged.
  const shard = await ShardFile.openDamaged(files, folder, entry, { rowShape, dtype: fields.dtype });
  try {
    // Damaged rows are not read: the disk may fail, and rows without an image must not keep their numbers.
    const damaged = new Set(rows);
    const whole = Array.from({ length: entry.rowCount }, (_, row) => row).filter((row) => !damaged.has(firstRow + row));
    for (const [first, end] of runsOf(whole)) {
      const bytes = new Uint8Array((end - first) * shard.rowBytes);
      await shard.readRows(first, bytes);
      decodeNumbers(bytes, fields.dtype, data.subarray(first * rowLength(rowShape), end * rowLength(rowShape)));
    }
    return data;
  } finally {
    await shard.close();
  }
}
