import { setImmediate as nextTurn } from 'node:timers/promises';
import { duplicateOf } from '../../extract/input-ledger.ts';
import type { RememberedFile } from '../../features/index/file-memory.ts';
import type { IndexedImage, IndexTable } from '../../features/index/index-table.ts';
import type { LabelLine } from '../../features/index/labels.ts';
import type { Outcome } from '../../features/index/outcomes.ts';
import { valueAt } from '../../system/at.ts';
import { counted } from '../../system/printable.ts';
import { ImageNumbers } from '../records/image-numbers.ts';
import type { PartInput } from '../records/input-table.ts';
import { PartsMissingError } from './part-problems.ts';
import { type PartRows, type Places, placesOfInputs, unassigned } from './places.ts';

/** The set that the parts are added to. */
interface BaseIndex {
  readonly index: IndexTable;
  readonly rowCount: number;
}

interface JoinRequest {
  /** The set's folder. */
  readonly set: string;
  readonly parts: readonly PartRows[];
  /** The part of each input, in order; or, if all parts were made from one list, its number of inputs. */
  readonly order: Int32Array | number;
  readonly base?: BaseIndex | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Lines processed before letting timers and signals run. */
const linesOfTurn = 1 << 14;

/**
 * The inputs of all parts in the order of the whole list, and which of them own or share a row. Among identical files
 * the first in the list owns the row, as in a single run; existing rows of the set are kept. Memory: the parts' tables
 * as bytes, and some 60 bytes per input.
 */
export class JoinedInputs {
  readonly inputCount: number;
  /** Number of images with a row, and of those with a new row. */
  readonly imageCount: number;
  readonly newImages: number;
  readonly #parts: readonly PartRows[];
  readonly #base: BaseIndex | undefined;
  /** Part and line of each input of the list. [inputs] */
  readonly #partAt: Int32Array;
  readonly #lineAt: Uint32Array;
  /** Image number of each input, those of the set first; `unassigned` if it has none. [inputs] */
  readonly #imageAt: Int32Array;
  /** Input that owns each image; `unassigned` for an image of the set without a file. [images] */
  readonly #ownerOf: Int32Array;
  readonly #knownCount: number;
  /** First row in the set of each shard of each part; `unassigned` for a shard without needed rows. */
  readonly #firstRows: readonly (readonly number[])[];

  private constructor(
    parts: readonly PartRows[],
    base: BaseIndex | undefined,
    places: Places,
    images: Images,
    firstRows: readonly (readonly number[])[],
  ) {
    this.#parts = parts;
    this.#base = base;
    this.#partAt = places.partAt;
    this.#lineAt = places.lineAt;
    this.#imageAt = images.imageAt;
    this.#ownerOf = images.ownerOf;
    this.#knownCount = base?.index.imageCount ?? 0;
    this.#firstRows = firstRows;
    this.inputCount = places.partAt.length;
    this.imageCount = images.ownerOf.reduce((count, place) => count + (place === unassigned ? 0 : 1), 0);
    this.newImages = images.newImages;
  }

  /**
   * @throws PartsMissingError naming parts that rely on rows no longer in the set
   * @throws UserError if the parts do not make up the list
   */
  static async join({ set, parts, order, base, signal }: JoinRequest): Promise<JoinedInputs> {
    const places = placesOfInputs(parts, order);
    const known = base?.index.imageCount ?? 0;
    const numbers = new ImageNumbers();
    for (let image = 0; base !== undefined && image < known; image++) numbers.add(base.index.at(image).sha256);
    const imageAt = new Int32Array(places.partAt.length).fill(unassigned);
    const ownerOf = new Int32Array(known + places.partAt.length).fill(unassigned);
    const isNeeded = parts.map(({ shards }) => shards.map(() => false));
    const lacking = new Set<number>();
    let newImages = 0;
    for (let place = 0; place < imageAt.length; place++) {
      if (place % linesOfTurn === 0) {
        signal?.throwIfAborted();
        await nextTurn();
      }
      const part = valueAt(places.partAt, place);
      const { inputs, shards } = valueAt(parts, part);
      const { sha256, row } = inputs.at(valueAt(places.lineAt, place));
      if (sha256 === undefined) continue;
      const image = numbers.add(sha256);
      imageAt[place] = image;
      if (ownerOf[image] !== unassigned) continue;
      ownerOf[image] = place;
      if (image < known) continue;
      newImages++;
      if (row === undefined) lacking.add(part);
      else valueAt(isNeeded, part)[shardOf(shards, row).shard] = true;
    }
    if (lacking.size > 0) {
      const what = 'the set held rows of it that are gone from there';
      throw new PartsMissingError(
        set,
        parts.length,
        [],
        Array.from(lacking, (part) => ({ part, what })),
      );
    }
    let next = base?.rowCount ?? 0;
    const firstRows = parts.map(({ shards }, part) =>
      shards.map(({ rowCount }, shard) => {
        if (isNeeded[part]?.[shard] !== true) return unassigned;
        next += rowCount;
        return next - rowCount;
      }),
    );
    const images = { imageAt, ownerOf: ownerOf.subarray(0, numbers.size), newImages };
    return new JoinedInputs(parts, base, places, images, firstRows);
  }

  /** The parts' shards that become the set's, in row order. */
  *shards(): Generator<{ readonly part: number; readonly shard: number }> {
    for (const [part, rows] of this.#firstRows.entries()) {
      for (const [shard, row] of rows.entries()) if (row !== unassigned) yield { part, shard };
    }
  }

  /** Images of the set in its order, then the others in the order of the list. */
  *images(): Generator<IndexedImage> {
    for (const [image, place] of this.#ownerOf.entries()) {
      if (place === unassigned) continue;
      const { id, path, sha256 = '' } = this.#input(place);
      yield { row: this.#rowOf(image), id, path, sha256 };
    }
  }

  *labels(): Generator<LabelLine> {
    for (const { id, label, split, outcome } of this.#inputs()) {
      if (label === undefined || outcome === 'missing') continue;
      yield split === undefined ? [id, label] : [id, label, split];
    }
  }

  /**
   * Every input without a row of its own.
   *
   * @param others outcomes to append
   */
  *outcomes(others: Iterable<Outcome> = []): Generator<Outcome> {
    for (const [place, image] of this.#imageAt.entries()) {
      const owner = image === unassigned ? unassigned : valueAt(this.#ownerOf, image);
      if (owner === place) continue;
      const { id, path, outcome, reason } = this.#input(place);
      if (outcome !== 'kept') yield { id, path, outcome, reason };
      else yield { id, path, ...duplicateOf(this.#input(owner).id, this.#rowOf(image)) };
    }
    yield* others;
  }

  /** Files that a later run need not read again. */
  *files(): Generator<RememberedFile> {
    for (const { path, mark, sha256 } of this.#inputs()) {
      if (mark !== undefined && sha256 !== undefined) yield { path, ...mark, sha256 };
    }
  }

  *#inputs(): Generator<PartInput> {
    for (let place = 0; place < this.inputCount; place++) yield this.#input(place);
  }

  #input(place: number): PartInput {
    const { inputs } = valueAt(this.#parts, valueAt(this.#partAt, place));
    return inputs.at(valueAt(this.#lineAt, place));
  }

  /** Row of an image in the set. */
  #rowOf(image: number): number {
    if (image < this.#knownCount) return this.#base?.index.rows[image] as number;
    const place = valueAt(this.#ownerOf, image);
    const part = valueAt(this.#partAt, place);
    const { shards } = valueAt(this.#parts, part);
    const { shard, within } = shardOf(shards, this.#input(place).row as number);
    return (this.#firstRows[part]?.[shard] as number) + within;
  }
}

interface Images {
  readonly imageAt: Int32Array;
  readonly ownerOf: Int32Array;
  readonly newImages: number;
}

function shardOf(shards: PartRows['shards'], row: number): { readonly shard: number; readonly within: number } {
  let first = 0;
  for (const [shard, { rowCount }] of shards.entries()) {
    if (row < first + rowCount) return { shard, within: row - first };
    first += rowCount;
  }
  throw new RangeError(`row ${row} of a part with ${counted(first, 'row')}`);
}
