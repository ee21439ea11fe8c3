import { join } from 'node:path';
import { requireLittleEndian } from '../../formats/npy/npy.ts';
import { isAbandoned, removeFile, unfinishedSuffix } from '../../system/durable.ts';
import { type Files, listIfThere } from '../../system/files.ts';
import type { RememberedFile } from '../index/file-memory.ts';
import { canonicalJson } from '../manifest/fingerprint.ts';
import { rowChecksFile, runFolder, runPath, shardFile } from '../manifest/layout.ts';
import { rowLength, rowsPerImage, type ShardEntry } from '../manifest/manifest.ts';
import { isWholeShard, ShardFile, type ShardShape, writeShard } from '../shards/shard.ts';
import {
  headerFile,
  type RowsRecord,
  type RunHeader,
  type RunMaker,
  type RunRecord,
  readRecord,
  readRun,
  writeRecord,
} from './run-records.ts';

/** What a stopped run left: complete shards, and pieces of the next one. */
export interface JournalContents {
  readonly shards: readonly { readonly entry: ShardEntry; readonly images: readonly string[] }[];
  readonly pieces: readonly { readonly data: Float32Array; readonly images: readonly string[] }[];
  readonly files: readonly RememberedFile[];
}

interface OpenedJournal {
  readonly journal: Journal;
  readonly contents: JournalContents;
  readonly resumed: boolean;
}

/**
 * Records of the current run under `.run/`. Each shard or piece is on disk before its record, so that after a kill
 * every file is either recorded and complete, or unrecorded and computed again.
 */
export class Journal {
  readonly #files: Files;
  readonly #folder: string;
  readonly #header: RunHeader;
  #maker: RunMaker | undefined;
  #started: boolean;
  #pieceCount = 0;

  private constructor(files: Files, folder: string, header: RunHeader, maker: RunMaker | undefined) {
    this.#files = files;
    this.#folder = folder;
    this.#header = header;
    this.#maker = maker;
    this.#started = maker !== undefined;
  }

  /** Row shape and what computed the rows, once known. */
  get maker(): RunMaker | undefined {
    return this.#maker;
  }

  /** Opens the journal of a run and loads what an earlier attempt left; leftovers of other runs are removed. */
  static async open(files: Files, folder: string, header: RunHeader): Promise<OpenedJournal> {
    const found = await readRun(files, folder);
    if (found === undefined || canonicalJson(found.header) !== canonicalJson(header)) {
      await removeJournal(files, folder);
      const journal = new Journal(files, folder, header, undefined);
      return { journal, contents: { shards: [], pieces: [], files: [] }, resumed: false };
    }
    const journal = new Journal(files, folder, header, found.maker);
    return { journal, contents: await journal.#load(found.maker.rowShape), resumed: true };
  }

  /** Records what the rows are, before the first is written. */
  begin(maker: RunMaker): void {
    this.#maker ??= maker;
  }

  /** Writes a full shard, then its record, and deletes its pieces. */
  async writeShard(
    number: number,
    data: Float32Array,
    images: readonly string[],
    read: readonly RememberedFile[],
  ): Promise<ShardEntry> {
    const maker = await this.#start();
    const file = shardFile(number);
    const { rowShape } = maker;
    const { dtype } = this.#header.fields;
    const checks = runPath(this.#folder, rowChecksFile(file));
    const entry = await writeShard(this.#files, this.#folder, file, data, rowShape, dtype, checks);
    await writeRecord(this.#files, this.#folder, `shard-${padded(number)}.json`, { entry, images, files: read });
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      await removeFile(this.#files, runPath(this.#folder, `${pieceName(number, piece)}.json`));
      await removeFile(this.#files, runPath(this.#folder, `${pieceName(number, piece)}.npy`));
    }
    this.#pieceCount = 0;
    return entry;
  }

  /** Writes further rows of the shard being filled as a piece, so that they survive a stop. */
  async writePiece(
    number: number,
    data: Float32Array,
    images: readonly string[],
    read: readonly RememberedFile[],
  ): Promise<void> {
    const maker = await this.#start();
    const name = pieceName(number, this.#pieceCount);
    // float32 even if shards are float16: the shard must not be rounded twice.
    const run = join(this.#folder, runFolder);
    const entry = await writeShard(this.#files, run, `${name}.npy`, data, maker.rowShape, 'float32');
    await writeRecord(this.#files, this.#folder, `${name}.json`, { entry, images, files: read });
    this.#pieceCount++;
  }

  async #start(): Promise<RunMaker> {
    if (this.#maker === undefined) throw new Error('begin comes before rows');
    if (this.#started) return this.#maker;
    await writeRecord(this.#files, this.#folder, headerFile, {
      header: this.#header,
      maker: this.#maker,
    } satisfies RunRecord);
    this.#started = true;
    return this.#maker;
  }

  async #load(rowShape: readonly number[]): Promise<JournalContents> {
    const { fields, firstShard } = this.#header;
    const shards: { entry: ShardEntry; images: readonly string[] }[] = [];
    const pieces: { data: Float32Array; images: readonly string[] }[] = [];
    const remembered: RememberedFile[] = [];
    let number = firstShard;
    for (; ; number++) {
      const record = await readRecord<RowsRecord>(this.#files, this.#folder, `shard-${padded(number)}.json`);
      if (record === undefined || !(await this.#isWhole(this.#folder, record, { rowShape, dtype: fields.dtype })))
        break;
      shards.push(record);
      remembered.push(...record.files);
    }
    for (; ; this.#pieceCount++) {
      const record = await readRecord<RowsRecord>(
        this.#files,
        this.#folder,
        `${pieceName(number, this.#pieceCount)}.json`,
      );
      const run = join(this.#folder, runFolder);
      if (record === undefined || !(await this.#isWhole(run, record, { rowShape, dtype: 'float32' }))) break;
      pieces.push({ data: await this.#readPiece(run, record.entry, rowShape), images: record.images });
      remembered.push(...record.files);
    }
    return { shards, pieces, files: remembered };
  }

  /** A damaged shard or piece is no error: its rows are computed again. */
  async #isWhole(folder: string, record: RowsRecord, shape: ShardShape): Promise<boolean> {
    if (record.entry.rowCount !== record.images.length * rowsPerImage(this.#header.fields)) return false;
    return isWholeShard(this.#files, folder, record.entry, shape);
  }

  async #readPiece(folder: string, entry: ShardEntry, rowShape: readonly number[]): Promise<Float32Array> {
    const shard = await ShardFile.open(this.#files, folder, entry, { rowShape, dtype: 'float32' });
    try {
      const data = new Float32Array(entry.rowCount * rowLength(rowShape));
      requireLittleEndian();
      await shard.readRows(0, new Uint8Array(data.buffer));
      return data;
    } finally {
      await shard.close();
    }
  }
}

/** Deletes the journal, the header first, so that a partly deleted journal is never used. */
export async function removeJournal(files: Files, folder: string): Promise<void> {
  await removeFile(files, runPath(folder, headerFile));
  for (const file of await listIfThere(files, join(folder, runFolder))) {
    if (/^(shard|piece)-/.test(file)) await removeFile(files, runPath(folder, file));
  }
}

/** Removes files that a killed process was writing. Call it with the lock held. Lock files of living processes stay. */
export async function removeUnfinished(files: Files, folder: string): Promise<void> {
  for (const place of [folder, join(folder, runFolder)]) {
    for (const file of await listIfThere(files, place)) {
      if (!file.endsWith(unfinishedSuffix)) continue;
      if (!file.startsWith('lock-') || isAbandoned(file)) await removeFile(files, join(place, file));
    }
  }
}

function padded(number: number): string {
  return String(number).padStart(5, '0');
}

function pieceName(shard: number, piece: number): string {
  return `piece-${padded(shard)}-${padded(piece)}`;
}
