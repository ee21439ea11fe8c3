import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { type Files, nodeFiles, readIfThere } from './files.ts';
import { IndexTable } from './index-table.ts';
import { parseLabels } from './labels.ts';
import {
  indexFile,
  labelsFile,
  manifestFile,
  nextSuffix,
  outcomesFile,
  rowChecksFile,
  runPath,
  spareFile,
} from './layout.ts';
import { bytesPerNumber, type Manifest, rowLength, rowsPerImage, type ShardEntry } from './manifest.ts';
import { parseManifest } from './manifest-file.ts';
import { countOutcomes, parseOutcomes } from './outcomes.ts';
import { checksOfRows, ShardFile } from './shard.ts';

/** One thing that is not as it should be. */
export interface Problem {
  /** File in the feature set. */
  readonly file: string;
  readonly what: string;
  /** Rows that it concerns, [first, end); absent where it concerns the file as a whole. */
  readonly rows?: readonly [number, number];
}

export interface DamagedShard {
  readonly entry: ShardEntry;
  /** Row number of its first row. */
  readonly firstRow: number;
  /** Row numbers that cannot be trusted, rising. */
  readonly rows: readonly number[];
}

export interface Verification {
  readonly folder: string;
  /** The manifest, or its spare copy where that alone is whole; undefined where neither is. */
  readonly manifest: Manifest | undefined;
  readonly problems: readonly Problem[];
  /** Tables and manifest that are damaged and have a whole spare copy. */
  readonly restorable: readonly string[];
  readonly damagedShards: readonly DamagedShard[];
  readonly checkedRows: number;
  readonly checkedBytes: number;
}

/**
 * Reads a feature set again from end to end: every shard against its sha256, every line of the index against the
 * shards, every label and outcome against the index. Changes nothing.
 *
 * @throws UserError where there is no feature set
 */
export async function verifyFeatureSet(
  folder: string,
  files: Files = nodeFiles,
  onBytes: (done: number, total: number) => void = () => undefined,
): Promise<Verification> {
  const problems: Problem[] = [];
  const restorable: string[] = [];
  const manifest = await readManifest(files, folder, problems, restorable);
  if (manifest === undefined) {
    return { folder, manifest, problems, restorable, damagedShards: [], checkedRows: 0, checkedBytes: 0 };
  }
  const tables = await readTables(files, folder, manifest, problems, restorable);
  checkTables(folder, manifest, tables, problems);
  const rowBytes = rowLength(manifest.rowShape) * bytesPerNumber(manifest.fields.dtype);
  const damagedShards: DamagedShard[] = [];
  let firstRow = 0;
  for (const entry of manifest.shards) {
    const rows = await damagedRows(files, folder, manifest, entry, firstRow, problems);
    if (rows.length > 0) damagedShards.push({ entry, firstRow, rows });
    firstRow += entry.rowCount;
    onBytes(firstRow * rowBytes, manifest.rowCount * rowBytes);
  }
  const checkedBytes = firstRow * rowBytes;
  return { folder, manifest, problems, restorable, damagedShards, checkedRows: firstRow, checkedBytes };
}

async function readManifest(
  files: Files,
  folder: string,
  problems: Problem[],
  restorable: string[],
): Promise<Manifest | undefined> {
  const path = join(folder, manifestFile);
  const bytes = await readIfThere(files, path);
  const sparePath = runPath(folder, spareFile(manifestFile));
  const spareBytes = await readIfThere(files, sparePath);
  if (bytes === undefined && spareBytes === undefined) {
    throw new UserError({
      what: 'there is no feature set here',
      where: folder,
      found: 'no manifest.json',
      fix: 'featuretap extract makes one; a run that was stopped goes on when it is started again',
    });
  }
  try {
    if (bytes !== undefined) return parseManifest(bytes, path);
    problems.push({ file: manifestFile, what: 'is missing' });
  } catch (error) {
    problems.push({ file: manifestFile, what: describe(error) });
  }
  try {
    const spare = spareBytes === undefined ? undefined : parseManifest(spareBytes, sparePath);
    if (spare !== undefined) restorable.push(manifestFile);
    return spare;
  } catch {
    return undefined;
  }
}

interface Tables {
  readonly index: Uint8Array | undefined;
  readonly labels: Uint8Array | undefined;
  readonly outcomes: Uint8Array | undefined;
}

async function readTables(
  files: Files,
  folder: string,
  manifest: Manifest,
  problems: Problem[],
  restorable: string[],
): Promise<Tables> {
  const read = async (file: string, sha256: string): Promise<Uint8Array | undefined> => {
    let found = 'is missing';
    for (const path of [join(folder, file), join(folder, file + nextSuffix), join(folder, file)]) {
      const bytes = await readIfThere(files, path);
      if (bytes === undefined) continue;
      if (createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
      found = 'is not the file that manifest.json names: its bytes changed since it was written';
    }
    problems.push({ file, what: found });
    const spare = await readIfThere(files, runPath(folder, spareFile(file)));
    if (spare === undefined || createHash('sha256').update(spare).digest('hex') !== sha256) return undefined;
    restorable.push(file);
    return spare;
  };
  return {
    index: await read(indexFile, manifest.indexSha256),
    labels: await read(labelsFile, manifest.labelsSha256),
    outcomes: await read(outcomesFile, manifest.outcomesSha256),
  };
}

/** Whether index, labels and outcomes agree with the shards and with each other. */
function checkTables(folder: string, manifest: Manifest, tables: Tables, problems: Problem[]): void {
  const stride = rowsPerImage(manifest.fields);
  const guarded = <T>(file: string, work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      problems.push({ file, what: describe(error) });
      return undefined;
    }
  };
  const { index: indexBytes, labels: labelBytes, outcomes: outcomeBytes } = tables;
  if (indexBytes === undefined) return;
  const path = join(folder, indexFile);
  const index = guarded(indexFile, () => new IndexTable(indexBytes, manifest.imageCount, stride, path));
  if (index === undefined) return;
  const ids = new Set<string>();
  const hashes = new Set<string>();
  const rows = new Set<number>();
  for (let image = 0; image < index.imageCount; image++) {
    const { row, id, sha256 } = index.at(image);
    const at = { file: indexFile, rows: [row, row + stride] as const };
    if (row + stride > manifest.rowCount) problems.push({ ...at, what: `the shards hold ${manifest.rowCount} rows` });
    if (!/^[0-9a-f]{64}$/.test(sha256)) problems.push({ ...at, what: `${id}: not a sha256: ${sha256}` });
    if (ids.has(id)) problems.push({ ...at, what: `id ${id} stands in it twice` });
    if (hashes.has(sha256)) problems.push({ ...at, what: `${id}: another row has the same bytes` });
    ids.add(id);
    hashes.add(sha256);
    rows.add(row);
  }
  const outcomes = outcomeBytes && guarded(outcomesFile, () => parseOutcomes(outcomeBytes, join(folder, outcomesFile)));
  for (const { id, outcome, row } of outcomes ?? []) {
    if (ids.has(id)) problems.push({ file: outcomesFile, what: `id ${id} has a row or an outcome already` });
    if (outcome === 'duplicate' && !rows.has(row as number)) {
      problems.push({ file: outcomesFile, what: `${id} shares row ${row}, which the index does not name` });
    }
    ids.add(id);
  }
  if (outcomes !== undefined) {
    const counts = countOutcomes(index.imageCount, outcomes);
    for (const [name, count] of Object.entries(counts)) {
      const said = manifest.counts[name as keyof typeof counts];
      if (said !== count)
        problems.push({ file: outcomesFile, what: `${count} ${name}, but manifest.json says ${said}` });
    }
  }
  const labels = labelBytes && guarded(labelsFile, () => parseLabels(labelBytes, join(folder, labelsFile)));
  if (outcomes === undefined) return;
  for (const id of labels?.keys() ?? []) {
    if (!ids.has(id)) problems.push({ file: labelsFile, what: `id ${id} has neither a row nor an outcome` });
  }
}

/** Rows of a shard that cannot be trusted; all of them where the file as a whole is not what it should be. */
async function damagedRows(
  files: Files,
  folder: string,
  manifest: Manifest,
  entry: ShardEntry,
  firstRow: number,
  problems: Problem[],
): Promise<readonly number[]> {
  const all = Array.from({ length: entry.rowCount }, (_, row) => firstRow + row);
  const { rowShape, fields } = manifest;
  let shard: ShardFile;
  try {
    shard = await ShardFile.open(files, folder, entry, { rowShape, dtype: fields.dtype });
  } catch (error) {
    problems.push({ file: entry.file, what: describe(error), rows: [firstRow, firstRow + entry.rowCount] });
    return all;
  }
  try {
    await shard.check();
    return [];
  } catch (error) {
    const checks = await readIfThere(files, runPath(folder, rowChecksFile(entry.file)));
    const rows = checks && (await compareRows(shard, entry, firstRow, checks));
    // Checks that name no row do not explain the damage: then no row is above suspicion.
    const damaged = rows === undefined || rows.length === 0 ? all : rows;
    for (const run of runsOf(damaged)) problems.push({ file: entry.file, what: describe(error), rows: run });
    return damaged;
  } finally {
    await shard.close();
  }
}

async function compareRows(
  shard: ShardFile,
  entry: ShardEntry,
  firstRow: number,
  checks: Uint8Array,
): Promise<readonly number[] | undefined> {
  if (checks.length !== entry.rowCount * 4) return undefined;
  const expected = new Uint32Array(checks.slice().buffer);
  const damaged: number[] = [];
  const block = Math.max(1, Math.floor((4 << 20) / shard.rowBytes));
  for (let row = 0; row < entry.rowCount; row += block) {
    const count = Math.min(block, entry.rowCount - row);
    const bytes = new Uint8Array(count * shard.rowBytes);
    await shard.readRows(row, bytes);
    for (const [i, check] of checksOfRows(bytes, shard.rowBytes).entries()) {
      if (check !== expected[row + i]) damaged.push(firstRow + row + i);
    }
  }
  return damaged;
}

/** Rising numbers as ranges [first, end). */
export function runsOf(rows: readonly number[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === row) last[1]++;
    else runs.push([row, row + 1]);
  }
  return runs;
}

/** The first lines of a message, as one phrase. */
function describe(error: unknown): string {
  if (!(error instanceof UserError)) return error instanceof Error ? error.message : String(error);
  const { what, found, expected } = error.parts;
  const parts = [what];
  if (found !== undefined) parts.push(`found ${found}`);
  if (expected !== undefined) parts.push(`expected ${expected}`);
  return parts.join('; ');
}
