import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { rowsPerImage, type ShardEntry } from '../../features/manifest/manifest.ts';
import { ShardFile } from '../../features/shards/shard.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, readIfThere } from '../../system/files.ts';
import { type PartInput, parseInputs } from '../records/input-table.ts';
import { inputsFile, stateFolder } from '../records/layout.ts';
import type { PartRecord } from '../records/part-record.ts';

/** What the next state of a part takes over from the last one: rows whose every byte was checked. */
export interface CarriedRows {
  readonly record: PartRecord;
  /** The whole shards that hold a row of it. */
  readonly shards: readonly ShardEntry[];
  readonly rowCount: number;
  /** Row of each image, by sha256, through these shards. */
  readonly rowOf: ReadonlyMap<string, number>;
  readonly inputs: readonly PartInput[];
}

/**
 * Reads the last state of a part and checks it against its record.
 *
 * @param folder the part's
 * @param number of the state
 * @param onDamage told what is not whole: the rows in it are computed again
 * @returns undefined where its table is not whole: nothing then says which image a row is of
 */
export async function readCarriedRows(
  files: Files,
  folder: string,
  number: number,
  record: PartRecord,
  onDamage: (line: string) => void,
): Promise<CarriedRows | undefined> {
  const path = join(folder, stateFolder(number), inputsFile);
  const bytes = await readIfThere(files, path);
  if (bytes === undefined || createHash('sha256').update(bytes).digest('hex') !== record.inputsSha256) {
    onDamage(`${path} is ${bytes === undefined ? 'missing' : 'damaged'}: the part is computed again`);
    return undefined;
  }
  const inputs = parseInputs(bytes, path, record.hasSplit === true);
  const stride = rowsPerImage(record.fields);
  const oldRowOf = new Map<string, number>();
  for (const { sha256, row } of inputs) if (sha256 !== undefined && row !== undefined) oldRowOf.set(sha256, row);
  const needed = [...oldRowOf.values()].sort((a, b) => a - b);
  const shards: ShardEntry[] = [];
  /** First row of each shard that is kept: as it was, and as it is now. */
  const moves: { readonly first: number; readonly end: number; readonly now: number }[] = [];
  let first = 0;
  let now = 0;
  let next = 0;
  for (const shard of record.shards) {
    const end = first + shard.rowCount;
    const start = next;
    while (next < needed.length && (needed[next] as number) < end) next++;
    if (next > start && (await isWhole(files, folder, record, shard, onDamage))) {
      shards.push(shard);
      moves.push({ first, end, now });
      now += shard.rowCount;
    }
    first = end;
  }
  const rowOf = new Map<string, number>();
  for (const [sha256, row] of oldRowOf) {
    const move = moves.find((each) => row >= each.first && row + stride <= each.end);
    if (move !== undefined) rowOf.set(sha256, row - move.first + move.now);
  }
  return { record, shards, rowCount: now, rowOf, inputs };
}

async function isWhole(
  files: Files,
  folder: string,
  { maker, fields }: PartRecord,
  entry: ShardEntry,
  onDamage: (line: string) => void,
): Promise<boolean> {
  try {
    const shard = await ShardFile.open(files, folder, entry, { rowShape: maker?.rowShape ?? [], dtype: fields.dtype });
    try {
      await shard.check();
    } finally {
      await shard.close();
    }
    return true;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onDamage(`${join(folder, entry.file)}: ${error.parts.what}; its rows are computed again`);
    return false;
  }
}
