import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeDurably } from '../../system/durable.ts';
import { type Files, listIfThere, readIfThere } from '../../system/files.ts';
import type { RememberedFile } from '../index/file-memory.ts';
import { runFolder, runPath } from '../manifest/layout.ts';
import type { FingerprintFields, MadeBy, ShardEntry } from '../manifest/manifest.ts';

/** Identifies a run: only a run with an equal header continues with its rows. */
export interface RunHeader {
  readonly fingerprint: string;
  readonly fields: FingerprintFields;
  /** sha256 of the manifest that it extends; empty for a new set. */
  readonly base: string;
  /** Whether the rows of that manifest are discarded. */
  readonly replaces: boolean;
  readonly firstShard: number;
}

/** What is known once the backbone runs. Kept for a run that continues without opening it. */
export interface RunMaker {
  readonly rowShape: readonly number[];
  readonly madeBy: MadeBy;
  /** As in the manifest. */
  readonly canary: string;
  /** Images in a full shard; a continued run keeps the number. */
  readonly shardImages: number;
}

/** Rows on disk: a shard, or a piece of the next one. */
export interface RowsRecord {
  readonly entry: ShardEntry;
  /** sha256 of the image of each row (of each group of rows, with views), in row order. */
  readonly images: readonly string[];
  readonly files: readonly RememberedFile[];
}

export const headerFile = 'run.json';

/** run.json */
export interface RunRecord {
  readonly header: RunHeader;
  readonly maker: RunMaker;
}

/** Writes a record with its own sha256. */
export async function writeRecord(
  files: Files,
  folder: string,
  file: string,
  record: RowsRecord | RunRecord,
): Promise<void> {
  const json = JSON.stringify(record);
  const sha256 = createHash('sha256').update(json).digest('hex');
  await writeDurably(files, runPath(folder, file), [new TextEncoder().encode(`${sha256}\n${json}\n`)]);
}

/** What a stopped run left according to its records, without checking the rows themselves. */
export interface JournaledRun {
  readonly fingerprint: string;
  readonly fields: FingerprintFields;
  readonly rowShape: readonly number[];
  readonly madeBy: MadeBy;
  readonly images: readonly string[];
  readonly files: readonly RememberedFile[];
}

/** @param manifest bytes of the current manifest; a journal that started from another state is obsolete */
export async function peekJournal(
  files: Files,
  folder: string,
  manifest: Uint8Array | undefined,
): Promise<JournaledRun | undefined> {
  const run = await readRun(files, folder);
  const base = manifest === undefined ? '' : createHash('sha256').update(manifest).digest('hex');
  if (run === undefined || run.header.base !== base) return undefined;
  const images = new Set<string>();
  const read: RememberedFile[] = [];
  for (const file of await listIfThere(files, join(folder, runFolder))) {
    const record = /^(shard|piece)-.*\.json$/.test(file)
      ? await readRecord<RowsRecord>(files, folder, file)
      : undefined;
    for (const sha256 of record?.images ?? []) images.add(sha256);
    read.push(...(record?.files ?? []));
  }
  const { fingerprint, fields } = run.header;
  const { rowShape, madeBy } = run.maker;
  return { fingerprint, fields, rowShape, madeBy, images: [...images], files: read };
}

/** The header of the stopped run, or undefined. */
export async function readHeader(files: Files, folder: string): Promise<RunHeader | undefined> {
  return (await readRun(files, folder))?.header;
}

/** The record, or undefined if it is missing or damaged: its rows are then computed again. */
export async function readRecord<Kind extends RowsRecord | RunRecord>(
  files: Files,
  folder: string,
  file: string,
): Promise<Kind | undefined> {
  const bytes = await readIfThere(files, runPath(folder, file));
  if (bytes === undefined) return undefined;
  const [sha256, json = ''] = new TextDecoder().decode(bytes).split('\n');
  if (createHash('sha256').update(json).digest('hex') !== sha256) return undefined;
  return JSON.parse(json);
}

export function readRun(files: Files, folder: string): Promise<RunRecord | undefined> {
  return readRecord<RunRecord>(files, folder, headerFile);
}
