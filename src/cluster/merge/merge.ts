import { join } from 'node:path';
import { saveMemory } from '../../features/index/file-memory.ts';
import { readIndex } from '../../features/index/read-index.ts';
import { manifestFile, runFolder, shardNumber } from '../../features/manifest/layout.ts';
import type { Manifest } from '../../features/manifest/manifest.ts';
import { parseManifest } from '../../features/manifest/manifest-file.ts';
import { removeUnfinished } from '../../features/run/journal.ts';
import { madeOtherwise } from '../../features/run/open-run.ts';
import { type Contents, settleTables } from '../../features/run/publish.ts';
import { valueAt } from '../../system/at.ts';
import { makeFolder } from '../../system/durable.ts';
import { InterruptedError, UserError } from '../../system/errors.ts';
import { type Files, listIfThere, nodeFiles, readIfThere } from '../../system/files.ts';
import { counted } from '../../system/printable.ts';
import type { OnProgress } from '../../system/progress.ts';
import { partsFolder } from '../records/layout.ts';
import { inputCountOf } from '../records/part-record.ts';
import { JoinedInputs } from './join-inputs.ts';
import { type MergeLock, takeMergeLock } from './merge-lock.ts';
import { isMergedAlready, keepMergedMark, mergedBefore, removeLeftParts, removeParts } from './merged-before.ts';
import { PartsMissingError } from './part-problems.ts';
import { orderOfList } from './places.ts';
import { publishMerged, takeShards } from './publish-merged.ts';
import { type CompletePart, type CompleteParts, checkParts, readLeftOut, readParts } from './read-parts.ts';

/** Features as given by the user, to compare with the parts; absent ones are not compared. */
export interface AskedFields {
  readonly tap?: string;
  readonly pool?: string;
  readonly dtype?: string;
  readonly precision?: string;
  /** Lists are texts here: `384,512`. */
  readonly resize?: string;
  readonly crop?: number;
  readonly interpolation?: string;
  readonly mean?: string;
  readonly std?: string;
  readonly autoOrient?: boolean;
  readonly sixteenBit?: string;
  readonly views?: number;
  readonly weights?: string;
}

export interface MergeOptions {
  /** Absolute path of the feature set. */
  readonly set: string;
  readonly partCount: number;
  /** The data folder, if it differs from that in the parts. */
  readonly data?: string | undefined;
  /** Compared with the parts. */
  readonly asked?: AskedFields;
  /** Replace an existing set with another fingerprint. */
  readonly replace?: boolean;
  readonly keepParts?: boolean;
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
  /** Images with rows from the parts, and images that already had rows. */
  readonly newImages: number;
  readonly keptImages: number;
}

/**
 * Merges the parts of a feature set: verifies every byte, links their shards into the set, joins their tables in the
 * order of the list, and publishes. Ids, rows, labels and outcomes, and their order, are those of a single run over the
 * whole list; rows stay in the shards as written by the parts. The set becomes visible at once, and the parts stay
 * intact until then.
 *
 * @throws PartsMissingError naming the parts that are missing, damaged, or of other images; nothing is changed
 * @throws UserError if a set with another fingerprint exists
 */
export async function mergeParts(options: MergeOptions): Promise<MergeResult> {
  const { files = nodeFiles, set, partCount } = options;
  const merged = await mergedBefore(files, set);
  const found = await readParts(files, set, partCount).catch((error) => {
    if (!(error instanceof PartsMissingError) || !isMergedAlready(error, partCount, merged?.parts)) throw error;
    return undefined;
  });
  if (found === undefined && merged !== undefined) {
    await removeLeftParts(files, set);
    return { folder: set, manifest: merged.manifest, newImages: 0, keptImages: merged.manifest.imageCount };
  }
  if (found === undefined) throw new Error('parts are there, or were merged');
  const { parts } = found;
  checkAsked(set, found, options.asked ?? {});
  const order = await orderOfList(set, parts, options.data);
  await makeFolder(files, join(set, runFolder));
  const lock = await takeMergeLock(files, set, options);
  try {
    await removeUnfinished(files, set);
    const result = await mergeInto(files, options, found, order, lock);
    if (options.keepParts !== true) {
      // Before the parts are removed: a merge that is killed in between finds one or the other.
      await keepMergedMark(files, set, partCount, result.manifest);
      await removeParts(files, set);
    }
    return result;
  } catch (error) {
    throw options.signal?.aborted === true ? new InterruptedError(options.command) : error;
  } finally {
    await lock.release();
  }
}

/** @throws UserError if the parts have another fingerprint than requested */
function checkAsked(set: string, { parts, made: maker }: CompleteParts, asked: AskedFields): void {
  const { fields } = valueAt(parts, 0).record;
  const { resize, crop, interpolation, mean, std, autoOrient, sixteenBit = 'clip' } = fields.preprocessing;
  const { tap, pool, dtype, precision } = fields;
  const views = fields.views?.count ?? 0;
  const shape = {
    resize: String(resize),
    crop,
    interpolation,
    mean: mean.join(),
    std: std.join(),
    autoOrient,
    sixteenBit,
  };
  const weights = maker?.madeBy.weights;
  const made = new Map(Object.entries({ tap, pool, dtype, precision, ...shape, views, weights }));
  const wrong = Object.entries(asked).flatMap(([name, value]) => {
    const found = made.get(name);
    return value === undefined || found === undefined || found === value ? [] : [`${name}: ${found}, not ${value}`];
  });
  if (wrong.length === 0) return;
  throw new UserError({
    what: 'the parts have another fingerprint than requested',
    where: join(set, partsFolder),
    found: wrong.join('; '),
    fix: 'omit those options, or extract the parts again with --replace',
    exitCode: 2,
  });
}

/** The existing set. */
interface Base {
  /** Absent for a new or replaced set. */
  readonly manifest?: Manifest;
  /** Number of the first shard to write, after those of a replaced set. */
  readonly firstShard: number;
}

async function readBase(files: Files, options: MergeOptions, parts: readonly CompletePart[]): Promise<Base> {
  const { set, replace } = options;
  const path = join(set, manifestFile);
  const bytes = await readIfThere(files, path);
  if (bytes === undefined) return { firstShard: 0 };
  const { fields, fingerprint } = valueAt(parts, 0).record;
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

async function mergeInto(
  files: Files,
  options: MergeOptions,
  { parts, made: maker }: CompleteParts,
  order: Int32Array | number,
  lock: MergeLock,
): Promise<MergeResult> {
  const { set, signal, onProgress } = options;
  const { record: first } = valueAt(parts, 0);
  const { fields, data } = first;
  const { manifest: current, firstShard } = await readBase(files, options, parts);
  const total = parts.reduce((sum, { record }) => sum + inputCountOf(record), 0);
  let done = 0;
  const tables = await checkParts(files, set, parts, maker, ({ record }) => {
    signal?.throwIfAborted();
    done += inputCountOf(record);
    onProgress?.({ stage: 'merge', unit: 'rows', done, total });
  });
  const rows = parts.map(({ shards }, i) => ({ inputs: valueAt(tables, i), shards }));
  const base = current && { index: await readIndex(files, set, current), rowCount: current.rowCount };
  const joined = await JoinedInputs.join({ set, parts: rows, order, base, signal });
  const made = maker ?? current;
  if (made === undefined || joined.imageCount === 0) throw nothingReadable(data, total);
  const leftOut = await readLeftOut(files, set, parts);
  const contents: Contents = {
    fields,
    rowShape: made.rowShape,
    shards: [...(current?.shards ?? []), ...(await takeShards(files, set, parts, joined, firstShard))],
    images: again(() => joined.images()),
    labels: again(() => joined.labels()),
    outcomes: again(() => joined.outcomes(leftOut)),
    // If no row was added, the recorded maker stays; the first canary always stays.
    madeBy: { ...(joined.newImages > 0 ? made : (current ?? made)).madeBy, data },
    canary: (current ?? made).canary,
  };
  await lock.assertHeld();
  const manifest = await publishMerged(files, set, parts, current, contents);
  await saveMemory(files, set, data, joined.files());
  const { newImages, imageCount } = joined;
  return { folder: set, manifest, newImages, keptImages: imageCount - newImages };
}

/** An iterable that can be iterated repeatedly. */
function again<T>(each: () => Iterator<T>): Iterable<T> {
  return { [Symbol.iterator]: each };
}

function nothingReadable(data: string, total: number): UserError {
  return new UserError({
    what: 'none of the images could be read',
    where: data,
    found: `${counted(total, 'input')} in all parts`,
    expected: 'at least one readable image',
  });
}
