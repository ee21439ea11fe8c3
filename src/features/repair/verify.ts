import { join } from 'node:path';
import { bytesPerNumber } from '../../formats/npy/npy.ts';
import { type Files, nodeFiles, readIfThere } from '../../system/files.ts';
import { manifestFile, nextSuffix, runPath, spareFile } from '../manifest/layout.ts';
import { type Manifest, rowLength } from '../manifest/manifest.ts';
import { NewerFormatError, parseManifest } from '../manifest/manifest-file.ts';
import { NoFeatureSetError, noFeatureSet } from '../run/no-feature-set.ts';
import { activationRangesOf, type KeptFile, readSpare, tablesOf } from '../run/spares.ts';
import { checkTables, type Tables } from './check-tables.ts';
import { type DamagedShard, damagedRows } from './damaged-rows.ts';
import { describeError, type Problem } from './problem.ts';

export interface Verification {
  readonly folder: string;
  /** The manifest, or its spare copy if only that is intact; undefined if neither is. */
  readonly manifest: Manifest | undefined;
  readonly problems: readonly Problem[];
  /** Damaged files (manifest, tables, activation ranges) with an intact spare copy. */
  readonly restorable: readonly string[];
  readonly damagedShards: readonly DamagedShard[];
  /** Without those of a missing or unreadable shard. */
  readonly checkedRows: number;
  readonly checkedBytes: number;
}

const attempts = 5;

/**
 * Checks a whole feature set: every shard against its sha256, every line of the index against the shards, every label
 * and outcome against the index, and the activation ranges of an int8 set. Changes nothing and takes no lock: if a run
 * publishes a new state meanwhile, that one is checked.
 *
 * @throws UserError if there is no feature set, or one of a newer format
 */
export async function verifyFeatureSet(
  folder: string,
  files: Files = nodeFiles,
  onBytes: (done: number, total: number) => void = () => undefined,
): Promise<Verification> {
  for (let attempt = 1; ; attempt++) {
    const before = await manifestBytes(files, folder);
    const found = await verifyOnce(folder, files, onBytes);
    if (found.problems.length === 0 || attempt === attempts) return found;
    if (Buffer.compare(before, await manifestBytes(files, folder)) === 0) return found;
  }
}

/** Empty if it cannot be read. */
async function manifestBytes(files: Files, folder: string): Promise<Uint8Array> {
  const bytes = await readIfThere(files, join(folder, manifestFile)).catch(() => undefined);
  return bytes ?? new Uint8Array(0);
}

async function verifyOnce(
  folder: string,
  files: Files,
  onBytes: (done: number, total: number) => void,
): Promise<Verification> {
  const problems: Problem[] = [];
  const restorable: string[] = [];
  const manifest = await readManifest(files, folder, problems, restorable);
  if (manifest === undefined) {
    return { folder, manifest, problems, restorable, damagedShards: [], checkedRows: 0, checkedBytes: 0 };
  }
  const tables = await readTables(files, folder, manifest, problems, restorable);
  checkTables(folder, manifest, tables, problems);
  const activationRanges = activationRangesOf(manifest);
  if (activationRanges !== undefined) await readKept(files, folder, activationRanges, problems, restorable);
  const rowBytes = rowLength(manifest.rowShape) * bytesPerNumber(manifest.fields.dtype);
  const damagedShards: DamagedShard[] = [];
  let firstRow = 0;
  let checkedRows = 0;
  for (const entry of manifest.shards) {
    const damaged = await damagedRows(files, folder, manifest, entry, firstRow, problems);
    if (damaged !== undefined) damagedShards.push(damaged);
    firstRow += entry.rowCount;
    if (damaged?.isOpened !== false) checkedRows += entry.rowCount;
    onBytes(firstRow * rowBytes, manifest.rowCount * rowBytes);
  }
  const checkedBytes = checkedRows * rowBytes;
  return { folder, manifest, problems, restorable, damagedShards, checkedRows, checkedBytes };
}

async function readManifest(
  files: Files,
  folder: string,
  problems: Problem[],
  restorable: string[],
): Promise<Manifest | undefined> {
  const path = join(folder, manifestFile);
  const sparePath = runPath(folder, spareFile(manifestFile));
  const spareBytes = await readIfThere(files, sparePath).catch(() => undefined);
  try {
    const bytes = await readIfThere(files, path);
    if (bytes !== undefined) return parseManifest(bytes, path);
    if (spareBytes === undefined) throw await noFeatureSet(files, folder);
    problems.push({ file: manifestFile, what: 'is missing' });
  } catch (error) {
    // Not damaged: a spare copy of an older format must not take its place.
    if (error instanceof NewerFormatError || error instanceof NoFeatureSetError) throw error;
    problems.push({ file: manifestFile, what: describeError(error, folder) });
  }
  try {
    const spare = spareBytes === undefined ? undefined : parseManifest(spareBytes, sparePath);
    if (spare !== undefined) restorable.push(manifestFile);
    return spare;
  } catch {
    return undefined;
  }
}

async function readTables(
  files: Files,
  folder: string,
  manifest: Manifest,
  problems: Problem[],
  restorable: string[],
): Promise<Tables> {
  const [index, labels, outcomes] = tablesOf(manifest).map((table) =>
    readKept(files, folder, table, problems, restorable),
  );
  return { index: await index, labels: await labels, outcomes: await outcomes };
}

/** The file or, if it is damaged, its spare copy; undefined if neither is intact. */
async function readKept(
  files: Files,
  folder: string,
  kept: KeptFile,
  problems: Problem[],
  restorable: string[],
): Promise<Uint8Array | undefined> {
  const { file, isWhole, lack } = kept;
  let found = 'is missing';
  // A table may still have its `.next` name, and be renamed between the two reads.
  for (const path of [join(folder, file), join(folder, file + nextSuffix), join(folder, file)]) {
    const bytes = await readIfThere(files, path).catch((error) => {
      found = describeError(error, folder);
      return undefined;
    });
    if (bytes === undefined) continue;
    if (isWhole(bytes)) return bytes;
    found = 'does not match manifest.json: its bytes changed since it was written';
  }
  problems.push({ file, what: lack === undefined ? found : `${found}; without it ${lack}` });
  const spare = await readSpare(files, folder, kept);
  if (spare !== undefined) restorable.push(file);
  return spare;
}
