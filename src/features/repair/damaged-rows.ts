import { UserError } from '../../system/errors.ts';
import { type Files, readIfThere } from '../../system/files.ts';
import { rowChecksFile, runPath } from '../manifest/layout.ts';
import type { Manifest, ShardEntry } from '../manifest/manifest.ts';
import { checksOfRows, ShardFile } from '../shards/shard.ts';
import { describeError, type Problem } from './problem.ts';

export interface DamagedShard {
  readonly entry: ShardEntry;
  readonly firstRow: number;
  /** Row numbers that may be damaged, ascending; empty if only the header is damaged. */
  readonly rows: readonly number[];
  /** Whether its file could be opened: if not, no row was read. */
  readonly isOpened: boolean;
}

/** Finds the damaged rows of a shard; undefined if it is intact. */
export async function damagedRows(
  files: Files,
  folder: string,
  manifest: Manifest,
  entry: ShardEntry,
  firstRow: number,
  problems: Problem[],
): Promise<DamagedShard | undefined> {
  const all = Array.from({ length: entry.rowCount }, (_, row) => firstRow + row);
  const { rowShape, fields } = manifest;
  const shape = { rowShape, dtype: fields.dtype };
  const tell = (error: unknown, rows: readonly number[], isOpened = true): DamagedShard => {
    const what = describeError(error, folder);
    for (const run of runsOf(rows)) problems.push({ file: entry.file, what, rows: run });
    if (rows.length === 0) problems.push({ file: entry.file, what: `${what}; its rows are intact` });
    return { entry, firstRow, rows, isOpened };
  };
  const checks = await readIfThere(files, runPath(folder, rowChecksFile(entry.file))).catch(() => undefined);
  let shard: ShardFile;
  try {
    shard = await ShardFile.open(files, folder, entry, shape);
  } catch (error) {
    const opened = await ShardFile.openDamaged(files, folder, entry, shape).catch(() => undefined);
    try {
      // Rows after a damaged header or before a truncation may be intact.
      const rows = opened && checks && (await compareRows(opened, entry, firstRow, checks));
      return tell(error, rows ?? all, opened !== undefined);
    } finally {
      await opened?.close();
    }
  }
  try {
    await shard.check();
    return undefined;
  } catch (error) {
    const rows = checks && (await compareRows(shard, entry, firstRow, checks));
    // If every checksum matches, the damage is unexplained and every row counts as damaged.
    return tell(error, rows === undefined || rows.length === 0 ? all : rows);
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
    for (const [i, check] of (await readChecks(shard, row, count)).entries()) {
      if (check !== expected[row + i]) damaged.push(firstRow + row + i);
    }
  }
  return damaged;
}

/** Current checksums of some rows; undefined for the rows that cannot be read. */
async function readChecks(shard: ShardFile, row: number, count: number): Promise<readonly (number | undefined)[]> {
  const bytes = new Uint8Array(count * shard.rowBytes);
  try {
    await shard.readRows(row, bytes);
    return [...checksOfRows(bytes, shard.rowBytes)];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (count === 1) return [undefined];
    const half = count >> 1;
    return [...(await readChecks(shard, row, half)), ...(await readChecks(shard, row + half, count - half))];
  }
}

/** Ascending numbers as ranges [first, end). */
export function runsOf(rows: readonly number[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === row) last[1]++;
    else runs.push([row, row + 1]);
  }
  return runs;
}
