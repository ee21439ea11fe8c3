import { join } from 'node:path';
import { bytesPerNumber } from '../../formats/npy/npy.ts';
import { makeFolder } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import type { Files } from '../../system/files.ts';
import type { FileMemory, RememberedFile } from '../index/file-memory.ts';
import { IndexTable } from '../index/index-table.ts';
import { runFolder } from '../manifest/layout.ts';
import { type Manifest, rowLength, rowsPerImage, type ShardEntry } from '../manifest/manifest.ts';
import type { SetState } from '../manifest/state.ts';
import { checkNumbers, FillingShard } from './filling-shard.ts';
import { type Journal, type JournalContents, removeJournal, removeUnfinished } from './journal.ts';
import { type Lock, takeLock } from './lock.ts';
import { type OpenedRun, openRun, type WriterSettings } from './open-run.ts';
import { pruned } from './prune.ts';
import { type Contents, type Ending, publish, sameContents } from './publish.ts';
import type { RunMaker } from './run-records.ts';
import { keepSpares } from './spares.ts';

const defaultShardBytes = 64_000_000;

/**
 * Adds rows to a feature set, or creates one. Owns the set's lock: `close()` it. Readers see nothing before `finish`;
 * if it stops earlier, the next writer continues after the last rows on disk.
 */
export class FeatureWriter {
  readonly settings: WriterSettings;
  readonly folder: string;
  /** Row of each image by the sha256 of its file, in the index's order, new ones last. */
  readonly rowOf: Map<string, number> = new Map();
  readonly memory: FileMemory;
  readonly resumedImages: number;
  readonly #files: Files;
  readonly #lock: Lock;
  readonly #state: SetState | undefined;
  readonly #journal: Journal;
  readonly #shards: ShardEntry[];
  /** Undefined until the shape of a row is known. */
  #shard: FillingShard | undefined;
  #nextShard: number;
  #rowCount = 0;
  #read: RememberedFile[] = [];
  #lastSave: number = performance.now();

  private constructor(files: Files, folder: string, settings: WriterSettings, lock: Lock, opened: OpenedRun) {
    this.#files = files;
    this.folder = folder;
    this.settings = settings;
    this.#lock = lock;
    this.#state = opened.kept;
    this.#journal = opened.journal;
    this.memory = opened.memory;
    this.#shards = [...(opened.kept?.manifest.shards ?? [])];
    this.#nextShard = opened.firstShard;
    const rowShape = opened.kept?.manifest.rowShape ?? opened.journal.maker?.rowShape;
    if (rowShape !== undefined) this.#shard = this.#newShard(rowShape);
    this.#addKnown(opened.kept, opened.contents);
    const left = this.#shard?.images.length ?? 0;
    this.resumedImages = opened.contents.shards.reduce((sum, shard) => sum + shard.images.length, left);
  }

  /**
   * Takes the lock, removes partial files of a killed run, and loads the current state.
   *
   * @throws UserError if another process holds the lock, or the set has another fingerprint
   */
  static async open(files: Files, folder: string, settings: WriterSettings): Promise<FeatureWriter> {
    await makeFolder(files, join(folder, runFolder));
    const lock = await takeLock(files, folder, settings.command);
    try {
      await removeUnfinished(files, folder);
      const writer = new FeatureWriter(files, folder, settings, lock, await openRun(files, folder, settings));
      // The stopped run wrote every piece of a shard, but not the shard.
      if (writer.batchRoom === 0) await writer.#writeShard();
      return writer;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * Sets what the rows are. Call it before the first `append`.
   *
   * @throws UserError if the shape of a row differs from the set's
   */
  begin(maker: Omit<RunMaker, 'shardImages'>): void {
    const known = this.#state?.manifest.rowShape ?? this.#journal.maker?.rowShape;
    if (known !== undefined && known.join() !== maker.rowShape.join()) {
      throw new UserError({
        what: 'the backbone gives rows of another shape than the feature set has',
        where: this.folder,
        found: `[${maker.rowShape.join(', ')}]`,
        expected: `[${known.join(', ')}]`,
        fix: '--name OTHER',
      });
    }
    this.#shard ??= this.#newShard(maker.rowShape);
    this.#journal.begin({ ...maker, shardImages: this.#shard.capacity });
  }

  /** What computed the existing rows, and its canary; undefined for a new set. */
  get maker(): Pick<RunMaker, 'madeBy' | 'canary'> | undefined {
    return this.#state?.manifest ?? this.#journal.maker;
  }

  /** Images that fit in the next batch: fewer than a full batch at the end of a resumed shard. */
  get batchRoom(): number {
    const { batchImages } = this.settings;
    return Math.min(batchImages, this.#shard?.room ?? batchImages);
  }

  /**
   * Adds the rows of one batch.
   *
   * @param data [images × rows per image, ...rowShape]
   * @param images sha256 of each image's file, none of them in `rowOf`
   * @throws UserError if a number is not finite, or too large for float16
   */
  async append(data: Float32Array, images: readonly string[]): Promise<void> {
    const shard = this.#begun();
    const expected = images.length * shard.imageNumbers;
    if (data.length !== expected) throw new RangeError(`append: ${data.length} numbers for ${images.length} images`);
    checkNumbers(data, this.settings.fields.dtype);
    shard.add(data, images);
    this.#number(images);
    const sinceSave = performance.now() - this.#lastSave;
    if (shard.room === 0) await this.#writeShard();
    else if (sinceSave >= (this.settings.checkpointSeconds ?? 10) * 1000) await this.save();
  }

  /** Remembers the sha256 of a file, so that the next run need not read it. */
  remember(file: RememberedFile): void {
    this.memory.remember(file);
    this.#read.push(file);
  }

  /** Writes the rows of the unfinished shard to disk, so that the next run continues after them. */
  async save(): Promise<void> {
    const shard = this.#shard;
    const images = shard?.images.slice(shard.savedImages) ?? [];
    if (shard !== undefined && images.length > 0) {
      await this.#journal.writePiece(this.#nextShard, shard.rows(shard.savedImages), images, this.#takeRead());
      shard.savedImages = shard.images.length;
    }
    this.#lastSave = performance.now();
  }

  /** Writes the last shard and makes the new state current. Writes nothing if nothing changed. */
  async finish(ending: Ending, prune = false): Promise<Manifest> {
    if (this.#shard !== undefined && this.#shard.images.length > 0) await this.#writeShard();
    const { fields, dataFolder } = this.settings;
    const current = this.#state?.manifest;
    const made = this.#journal.maker ?? current;
    if (made === undefined) throw new Error('a set without a row cannot be published');
    // If no row was added, the recorded maker stays.
    const madeBy = { ...made.madeBy, data: dataFolder };
    const { rowShape } = made;
    // The first canary stays: differences within the tolerance must not accumulate over runs.
    const { canary } = this.maker ?? made;
    const all: Contents & Ending = { fields, rowShape, shards: this.#shards, madeBy, canary, ...ending };
    const contents = prune ? await pruned(this.#files, this.folder, all, this.#begun().capacity) : all;
    const isWhole = this.#state?.missing.length === 0;
    const unchanged = current !== undefined && isWhole && (await sameContents(current, contents));
    const manifest = unchanged ? current : await publish(this.#files, this.folder, contents);
    // A run killed after writing its manifest left spare copies of the previous state.
    if (unchanged) await keepSpares(this.#files, this.folder, manifest);
    await removeJournal(this.#files, this.folder);
    const paths = [...ending.images, ...ending.outcomes].map((file) => file.path);
    await this.memory.save(this.#files, this.folder, dataFolder, paths);
    return manifest;
  }

  /**
   * Bytes still to be written for `imagesLeft` more images and to finish the set; undefined before the row size is
   * known.
   */
  bytesToFinish(imagesLeft: number): number | undefined {
    return this.#shard?.bytesToFinish(imagesLeft, this.rowOf.size + imagesLeft, this.settings.fields.dtype);
  }

  async close(): Promise<void> {
    await this.#lock.release();
  }

  #newShard(rowShape: readonly number[]): FillingShard {
    const { fields, batchImages, shardBytes = defaultShardBytes } = this.settings;
    const imageNumbers = rowLength(rowShape) * rowsPerImage(fields);
    const wanted = shardBytes / (imageNumbers * bytesPerNumber(fields.dtype));
    const images = this.#journal.maker?.shardImages ?? Math.max(1, Math.floor(wanted / batchImages)) * batchImages;
    return new FillingShard(imageNumbers, images);
  }

  #begun(): FillingShard {
    if (this.#shard === undefined) throw new Error('begin comes before rows');
    return this.#shard;
  }

  #number(images: readonly string[]): void {
    for (const sha256 of images) {
      this.rowOf.set(sha256, this.#rowCount);
      this.#rowCount += rowsPerImage(this.settings.fields);
    }
  }

  #addKnown(kept: SetState | undefined, contents: JournalContents): void {
    const stride = rowsPerImage(this.settings.fields);
    if (kept !== undefined) {
      const index = new IndexTable(kept.index, kept.manifest.imageCount, stride, this.folder);
      for (let image = 0; image < index.imageCount; image++) {
        const { sha256, row } = index.at(image);
        this.rowOf.set(sha256, row);
      }
      this.#rowCount = kept.manifest.rowCount;
    }
    for (const file of contents.files) this.memory.remember(file);
    for (const { entry, images } of contents.shards) {
      this.#shards.push(entry);
      this.#nextShard++;
      this.#number(images);
    }
    for (const { data, images } of contents.pieces) {
      this.#begun().add(data, images);
      this.#number(images);
    }
    if (this.#shard !== undefined) this.#shard.savedImages = this.#shard.images.length;
  }

  async #writeShard(): Promise<void> {
    const shard = this.#begun();
    const { images } = shard;
    this.#shards.push(await this.#journal.writeShard(this.#nextShard, shard.rows(), images, this.#takeRead()));
    this.#nextShard++;
    shard.empty();
    this.#lastSave = performance.now();
  }

  #takeRead(): readonly RememberedFile[] {
    const read = this.#read;
    this.#read = [];
    return read;
  }
}
