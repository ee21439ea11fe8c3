import { dirname } from 'node:path';
import { repairCommand } from '../../system/own-command.ts';
import { csvBlocks, csvField } from './csv.ts';
import { NumberedTable } from './numbered-table.ts';
import { bytesEqual, fillSlots, hashBytes } from './table.kernel.ts';

/** One image of the index: its plain row; rows of views follow it. */
export interface IndexedImage {
  readonly row: number;
  readonly id: string;
  readonly path: string;
  readonly sha256: string;
}

const comma = 44;
const newline = 10;

function indexHeader(rowsPerImage: number): string {
  return `row,id,path,sha256${rowsPerImage > 1 ? ',view' : ''}`;
}

/** index.csv as bytes: one line per row. With views, a last column numbers them; 0 is the plain image. */
export function* formatIndex(images: Iterable<IndexedImage>, rowsPerImage: number): Generator<Uint8Array> {
  yield* csvBlocks(indexLines(images, rowsPerImage));
}

function* indexLines(images: Iterable<IndexedImage>, rowsPerImage: number): Generator<string> {
  yield `${indexHeader(rowsPerImage)}\n`;
  for (const image of images) {
    const rest = `,${csvField(image.id)},${csvField(image.path)},${image.sha256}`;
    if (rowsPerImage === 1) yield `${image.row}${rest}\n`;
    else for (let view = 0; view < rowsPerImage; view++) yield `${image.row + view}${rest},${view}\n`;
  }
}

/** index.csv, found by line or by id. */
export class IndexTable {
  readonly imageCount: number;
  /** Row number of each image's plain row, in any order if the set was merged from parts. [imageCount] */
  readonly rows: Uint32Array;
  readonly #table: NumberedTable;
  readonly #stride: number;
  readonly #encoder = new TextEncoder();
  #slots: Int32Array | undefined;

  /** @throws UserError naming the file and the line */
  constructor(bytes: Uint8Array, imageCount: number, rowsPerImage: number, path: string) {
    const table = new NumberedTable(bytes, indexHeader(rowsPerImage), imageCount * rowsPerImage, {
      path,
      what: 'the index of a feature set is damaged',
      fix: repairCommand(dirname(path)),
    });
    this.imageCount = imageCount;
    this.#table = table;
    this.#stride = rowsPerImage;
    this.rows = rowsPerImage === 1 ? table.numbers : table.numbers.filter((_, line) => line % rowsPerImage === 0);
  }

  /** The image on the given line (0 is the first), in the index's order. */
  at(image: number): IndexedImage {
    if (!(image < this.imageCount)) {
      throw new RangeError(`the index has ${this.imageCount} images, not an image ${image}`);
    }
    const [row, id = '', path = '', sha256 = ''] = this.#table.fields(image * this.#stride);
    return { row: Number(row), id, path, sha256 };
  }

  /** Number of the image with this id, or undefined. */
  find(id: string): number | undefined {
    const { bytes } = this.#table;
    this.#slots ??= this.#buildSlots();
    const slots = this.#slots;
    const key = this.#encoder.encode(csvField(id));
    const mask = slots.length - 1;
    for (let slot = hashBytes(key, 0, key.length) & mask; slots[slot] !== -1; slot = (slot + 1) & mask) {
      const image = slots[slot] as number;
      const start = bytes.indexOf(comma, this.#lineStart(image)) + 1;
      const end = start + key.length;
      const ends = bytes[end] === comma || bytes[end] === newline;
      if (ends && bytesEqual(bytes, start, key)) return image;
    }
    return undefined;
  }

  /** A hash table over the ids' bytes in the file: a Map of a million strings would take more memory than the file. */
  #buildSlots(): Int32Array {
    let size = 16;
    while (size < this.imageCount * 2) size *= 2;
    const slots = new Int32Array(size).fill(-1);
    const starts = Uint32Array.from({ length: this.imageCount }, (_, image) => this.#lineStart(image));
    fillSlots(this.#table.bytes, starts, slots);
    return slots;
  }

  #lineStart(image: number): number {
    return this.#table.starts[image * this.#stride] as number;
  }
}
