import { join } from 'node:path';
import { keepSpeed } from '../../extract/explain/speed.ts';
import { keepCalibration, readCalibration, removeOtherCalibrations } from '../../extract/open-calibration.ts';
import { canonicalJson, fingerprintOf } from '../../features/manifest/fingerprint.ts';
import {
  indexFile,
  labelsFile,
  manifestFile,
  nextSuffix,
  outcomesFile,
  runPath,
  shardNumber,
} from '../../features/manifest/layout.ts';
import { type Manifest, rowLength, rowsPerImage } from '../../features/manifest/manifest.ts';
import { parseManifest, sealManifest } from '../../features/manifest/manifest-file.ts';
import { removeJournal, removeUnfinished } from '../../features/run/journal.ts';
import { madeOtherwise } from '../../features/run/open-run.ts';
import { publishManifest, settleTables } from '../../features/run/publish.ts';
import { keepSpares } from '../../features/run/spares.ts';
import { makeFolder, removeFile } from '../../system/durable.ts';
import { InterruptedError, UserError } from '../../system/errors.ts';
import { type Files, listIfThere, nodeFiles, readIfThere } from '../../system/files.ts';
import type { OnProgress } from '../../system/progress.ts';
import { imagesOfSet } from '../records/images-of-set.ts';
import { leftOutFile, partsFolder, stateFolder } from '../records/layout.ts';
import { RowCopier } from './copy-rows.ts';
import { inputsInOrder, type MergePart } from './in-order.ts';
import { type MergeLock, takeMergeLock } from './merge-lock.ts';
import { type MergedTables, type MergeTablesOptions, mergeTables } from './merge-tables.ts';
import { isMergedAlready, keepMergedMark, mergedParts } from './merged-mark.ts';
import { orderOfList } from './order-of-list.ts';
import { PartError, PartsMissingError } from './part-problems.ts';
import { findDamage, makerOf, readParts } from './read-parts.ts';

/** What the user says of the features; whatever is absent is as the parts were made. */
export interface AskedFields {
  readonly tap?: string;
  readonly pool?: string;
  readonly dtype?: string;
  readonly precision?: string;
  readonly resize?: number;
  readonly crop?: number;
  readonly autoOrient?: boolean;
  readonly sixteenBit?: string;
  readonly views?: number;
  readonly weights?: string;
}

export interface MergeOptions {
  /** Absolute path of the feature set. */
  readonly set: string;
  readonly partCount: number;
  /** The data folder, where it is not the one that the parts name. */
  readonly data?: string | undefined;
  /** Compared with the parts. */
  readonly asked?: AskedFields;
  /** Make the set anew where there is one that was made otherwise. */
  readonly replace?: boolean;
  readonly keepParts?: boolean;
  /** For what is read of the parts' shards. Default: 512 MB. */
  readonly bufferBytes?: number;
  /** For each of its sorts and searches; what is beyond goes to the disk. Default: 48 MB. */
  readonly sortBytes?: number;
  readonly command: string;
  readonly files?: Files;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly onNote?: (line: string) => void;
}

export interface MergeResult {
  /** Absolute path of the feature set. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Images whose rows were copied from the parts, and those whose rows were there before. */
  readonly newImages: number;
  readonly keptImages: number;
}

const scratchFolder = 'merge';

/**
 * Puts the parts of a feature set together. The set is then, byte for byte, what one machine would have made of the
 * whole list; nothing of it is visible to readers before all of it is on the disk.
 *
 * @throws PartsMissingError naming the parts that are missing, damaged, or made of other images; nothing has changed then
 * @throws UserError when there is a set already that was made otherwise
 */
export async function mergeParts(options: MergeOptions): Promise<MergeResult> {
  const { files = nodeFiles, set, partCount, command } = options;
  const merged = await mergedBefore(files, set);
  const parts = await readParts(files, set, partCount).catch((error) => {
    if (!(error instanceof PartsMissingError) || !isMergedAlready(error, partCount, merged?.parts)) throw error;
    return undefined;
  });
  if (parts === undefined && merged !== undefined) {
    return { folder: set, manifest: merged.manifest, newImages: 0, keptImages: merged.manifest.imageCount };
  }
  if (parts === undefined) throw new Error('parts are there, or were merged');
  checkAsked(set, parts, options.asked ?? {});
  const order = await orderOfList(set, parts, options.data);
  await makeFolder(files, runPath(set, scratchFolder));
  const lock = await takeMergeLock(files, set, options);
  try {
    await removeUnfinished(files, set);
    const base = await readBase(files, options, parts);
    const result = await mergeInto(files, options, parts, order, base, lock);
    if (options.keepParts !== true) {
      // Before the parts go: a merge that is killed in between finds one or the other.
      await keepMergedMark(files, set, partCount, result.manifest);
      await files.removeFolder(join(set, partsFolder));
    }
    return result;
  } catch (error) {
    if (options.signal?.aborted === true) throw new InterruptedError(command);
    if (!(error instanceof PartError)) throw error;
    // One part stopped the merge: look at all of them, so that what must run again is known at once.
    const damaged = await findDamage(files, parts);
    throw new PartsMissingError(set, partCount, [], damaged.length > 0 ? damaged : [error.problem]);
  } finally {
    await files.removeFolder(runPath(set, scratchFolder));
    await lock.release();
  }
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
    // What is wrong with the manifest is told where the set is opened.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** @throws UserError when the parts were made otherwise than asked for */
function checkAsked(set: string, parts: readonly MergePart[], asked: AskedFields): void {
  const { fields, maker } = (parts[0] as MergePart).record;
  const { resize, crop, autoOrient, sixteenBit = 'clip' } = fields.preprocessing;
  const { tap, pool, dtype, precision } = fields;
  const views = fields.views?.count ?? 0;
  const shape = { resize, crop, autoOrient, sixteenBit };
  const made = { tap, pool, dtype, precision, ...shape, views, weights: maker?.madeBy.weights };
  const wrong = Object.entries(asked).flatMap(([name, value]) => {
    const found = made[name as keyof AskedFields];
    return value === undefined || found === undefined || found === value ? [] : [`${name}: ${found}, not ${value}`];
  });
  if (wrong.length === 0) return;
  throw new UserError({
    what: 'the parts were made otherwise than asked for',
    where: join(set, partsFolder),
    found: wrong.join('; '),
    fix: 'leave those options out, or make the parts again with --replace',
    exitCode: 2,
  });
}

/** The set that there is. */
interface Base {
  /** Absent for a new set, and for one that is replaced. */
  readonly manifest?: Manifest;
  /** Number of the first shard that the merge writes: behind those that a replaced set keeps until then. */
  readonly firstShard: number;
}

async function readBase(files: Files, options: MergeOptions, parts: readonly MergePart[]): Promise<Base> {
  const { set, replace } = options;
  const path = join(set, manifestFile);
  const bytes = await readIfThere(files, path);
  if (bytes === undefined) return { firstShard: 0 };
  const { fields, fingerprint } = (parts[0] as MergePart).record;
  let manifest: Manifest | undefined;
  try {
    manifest = parseManifest(bytes, path);
  } catch (error) {
    if (replace !== true || !(error instanceof UserError)) throw error;
  }
  const named = manifest?.shards.map(({ file }) => file) ?? (await listIfThere(files, set));
  const firstShard = 1 + Math.max(-1, ...named.map((file) => shardNumber(file) ?? -1));
  if (manifest !== undefined) await settleTables(files, set, manifest);
  if (manifest?.fingerprint === fingerprint) return { manifest, firstShard };
  if (replace === true || manifest === undefined) return { firstShard };
  throw madeOtherwise(set, manifest.fields, fields);
}

/** Files that are no inputs: the first part lists them. */
function leftOutOf([first]: readonly MergePart[]): Pick<MergeTablesOptions, 'leftOut'> {
  if (first?.record.leftOut === undefined) return {};
  return { leftOut: { ...first.record.leftOut, path: join(first.folder, stateFolder(first.state), leftOutFile) } };
}

async function mergeInto(
  files: Files,
  options: MergeOptions,
  parts: readonly MergePart[],
  order: Int32Array | undefined,
  base: Base,
  lock: MergeLock,
): Promise<MergeResult> {
  const { set, signal, onProgress, bufferBytes = 512 << 20 } = options;
  const [{ record: first }] = parts as [MergePart];
  const { fields, data } = first;
  const maker = makerOf(parts);
  const current = base.manifest;
  const made = maker ?? current;
  const total = parts.reduce((sum, { record }) => sum + Object.values(record.counts).reduce((a, b) => a + b, 0), 0);
  const stride = rowsPerImage(fields);
  const rows = new RowCopier(files, parts, {
    set,
    stride,
    rowShape: made?.rowShape ?? [],
    dtype: fields.dtype,
    shardImages: maker?.shardImages ?? 1,
    firstShard: base.firstShard,
    imageCount: parts.reduce((sum, { record }) => sum + record.counts.kept, 0),
    bufferBytes,
  });
  const tables = await mergeTables(files, {
    set,
    scratch: runPath(set, scratchFolder),
    dataFolder: data,
    stride,
    total,
    hasSplit: parts.some(({ record }) => record.hasSplit === true),
    ...leftOutOf(parts),
    inputs: () => inputsInOrder(files, parts, order),
    ...(current === undefined
      ? {}
      : { base: { rowCount: current.rowCount, images: () => imagesOfSet(files, set, current) } }),
    rows,
    ...(options.sortBytes === undefined ? {} : { sortBytes: options.sortBytes }),
    ...(signal === undefined ? {} : { signal }),
    onInputs: (done) => onProgress?.({ stage: 'merge', unit: 'rows', done: Math.floor(done / 2), total }),
  });
  try {
    if (made === undefined || tables.counts.kept === 0) throw nothingReadable(data, total);
    const shards = [...(current?.shards ?? []), ...tables.shards];
    // Where no row was added, whatever made the rows stays on record; the first maker's canary stays in any case.
    const madeBy = { ...(tables.newImages > 0 ? made : (current ?? made)).madeBy, data };
    const { indexSha256, labelsSha256, outcomesSha256, counts } = tables;
    const manifest = sealManifest({
      formatVersion: 1,
      fingerprint: fingerprintOf(fields),
      fields,
      rowCount: shards.reduce((sum, shard) => sum + shard.rowCount, 0),
      imageCount: counts.kept,
      rowShape: made.rowShape,
      dims: rowLength(made.rowShape),
      shards,
      indexSha256,
      labelsSha256,
      outcomesSha256,
      counts,
      madeBy,
      canary: (current ?? made).canary,
    });
    await lock.assertHeld();
    await keepAll(files, set, parts, manifest, current, tables);
    const { newImages } = tables;
    return { folder: set, manifest, newImages, keptImages: counts.kept - newImages };
  } catch (error) {
    await tables.discardMemory();
    throw error;
  }
}

/** Publishes what was merged, where it differs from what is there, and what belongs to it. */
async function keepAll(
  files: Files,
  set: string,
  parts: readonly MergePart[],
  manifest: Manifest,
  current: Manifest | undefined,
  tables: MergedTables,
): Promise<void> {
  const { fields } = manifest;
  const calibration = fields.calibration && {
    calibration: await readCalibration(await calibrationFolders(files, set), fields.calibration.sha256, files),
    sha256: fields.calibration.sha256,
  };
  if (calibration !== undefined) await keepCalibration(files, set, calibration);
  if (current !== undefined && canonicalJson(current) === canonicalJson(manifest)) {
    for (const file of [indexFile, labelsFile, outcomesFile]) await removeFile(files, join(set, file + nextSuffix));
    // A merge that was killed right behind its manifest has made none.
    await keepSpares(files, set, manifest);
  } else await publishManifest(files, set, manifest);
  await removeJournal(files, set);
  await tables.keepMemory();
  if (calibration !== undefined) await removeOtherCalibrations(files, set, calibration);
  const [largest] = parts.map(({ record }) => record.run).sort((a, b) => b.images - a.images);
  const { device, cores, images = 0, seconds = 0 } = largest ?? {};
  if (device !== undefined && cores !== undefined) {
    await keepSpeed(files, set, fields, { device, cores, images, seconds });
  }
}

async function calibrationFolders(files: Files, set: string): Promise<readonly string[]> {
  const names = await listIfThere(files, join(set, partsFolder));
  return [set, ...names.filter((name) => name.startsWith('int8-')).map((name) => join(set, partsFolder, name))];
}

function nothingReadable(data: string, total: number): UserError {
  return new UserError({
    what: 'none of the images could be read',
    where: data,
    found: `${total} inputs in all parts`,
    expected: 'at least one whole image',
  });
}
