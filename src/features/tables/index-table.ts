import { UserError } from '../../system/errors.ts';
import { csvBlocks, csvField } from './csv.ts';
import { bytesEqual, fieldEnd, fillSlots, hashBytes, indexFaults, scanIndex } from './index.kernel.ts';

/** One image of the index: its plain row; rows of views follow it. */
export interface IndexedImage {
  readonly row: number;
  readonly id: string;
  /** Relative to the data folder, forward slashes. */
  readonly path: string;
  readonly sha256: string;
}

const comma = 44;
const newline = 10;
const shortestLine = 'r,i,p,'.length + 64;

/** The first line of index.csv. */
export function indexHeader(rowsPerImage: number): string {
  return `row,id,path,sha256${rowsPerImage > 1 ? ',view' : ''}\n`;
}

/** index.csv as bytes: one line per row, in row order; with views a last column numbers them, 0 being the plain one. */
export function* formatIndex(images: Iterable<IndexedImage>, rowsPerImage: number): Generator<Uint8Array> {
  yield* csvBlocks(indexLines(images, rowsPerImage));
}

function* indexLines(images: Iterable<IndexedImage>, rowsPerImage: number): Generator<string> {
  yield indexHeader(rowsPerImage);
  for (const image of images) {
    const rest = `,${csvField(image.id)},${csvField(image.path)},${image.sha256}`;
    if (rowsPerImage === 1) yield `${image.row}${rest}\n`;
    else for (let view = 0; view < rowsPerImage; view++) yield `${image.row + view}${rest},${view}\n`;
  }
}

/**
 * index.csv, kept as the bytes it is: a million lines cost their bytes and eight more each, and strings are made when
 * asked for.
 */
export class IndexTable {
  readonly imageCount: number;
  /** Row number of each image's plain row, rising. [imageCount] */
  readonly rows: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #lineStarts: Uint32Array;
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  #slots: Int32Array | undefined;

  /**
   * @param imageCount what the manifest says
   * @throws UserError naming the file and the line
   */
  constructor(bytes: Uint8Array, imageCount: number, rowsPerImage: number, path: string) {
    const header = indexHeader(rowsPerImage);
    const found = new TextDecoder().decode(bytes.subarray(0, header.length));
    if (found !== header) throw damagedIndex(path, 1, found.split('\n')[0] ?? '', header.trimEnd());
    const lineCount = imageCount * rowsPerImage;
    // Before anything of that size is made: a damaged count must not ask for all memory.
    if (lineCount * shortestLine > bytes.length) {
      throw damagedIndex(path, 1, `${bytes.length} bytes`, `${lineCount} lines as manifest.json says`);
    }
    const starts = new Uint32Array(lineCount);
    const rows = new Uint32Array(lineCount);
    const fieldCount = rowsPerImage > 1 ? 5 : 4;
    const [lines, fault] = scanIndex(bytes, header.length, fieldCount, starts, rows);
    if (fault !== indexFaults.none || lines !== lineCount) {
      throw damagedIndex(path, lines + 2, faultText(fault, lines), `${lineCount} lines, rows rising`);
    }
    this.imageCount = imageCount;
    this.#bytes = bytes;
    if (rowsPerImage === 1) {
      this.#lineStarts = starts;
      this.rows = rows;
    } else {
      this.#lineStarts = starts.filter((_, line) => line % rowsPerImage === 0);
      this.rows = rows.filter((_, line) => line % rowsPerImage === 0);
    }
  }

  /** The image on the given line (0 is the first), in row order. */
  at(image: number): IndexedImage {
    const start = this.#lineStarts[image];
    if (start === undefined) throw new RangeError(`the index has ${this.imageCount} images, not an image ${image}`);
    const fields = this.#fields(start);
    return {
      row: this.rows[image] as number,
      id: fields[1] as string,
      path: fields[2] as string,
      sha256: fields[3] as string,
    };
  }

  /** Number of the image with this id, or undefined. */
  find(id: string): number | undefined {
    this.#slots ??= this.#buildSlots();
    const slots = this.#slots;
    const key = this.#encoder.encode(csvField(id));
    const mask = slots.length - 1;
    for (let slot = hashBytes(key, 0, key.length) & mask; slots[slot] !== -1; slot = (slot + 1) & mask) {
      const image = slots[slot] as number;
      const start = this.#bytes.indexOf(comma, this.#lineStarts[image]) + 1;
      const end = start + key.length;
      const ends = this.#bytes[end] === comma || this.#bytes[end] === newline;
      if (ends && bytesEqual(this.#bytes, start, key)) return image;
    }
    return undefined;
  }

  /** Over the ids' bytes as they stand in the file: a Map of a million strings would weigh more than the file itself. */
  #buildSlots(): Int32Array {
    let size = 16;
    while (size < this.imageCount * 2) size *= 2;
    const slots = new Int32Array(size).fill(-1);
    fillSlots(this.#bytes, this.#lineStarts, slots);
    return slots;
  }

  #fields(start: number): readonly string[] {
    const fields: string[] = [];
    for (let at = start; ; ) {
      const end = fieldEnd(this.#bytes, at);
      const text = this.#decoder.decode(this.#bytes.subarray(at, end));
      fields.push(text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
      if (end >= this.#bytes.length || this.#bytes[end] === newline) return fields;
      at = end + 1;
    }
  }
}

function faultText(fault: number, lines: number): string {
  if (fault === indexFaults.badRow) return 'a line that does not start with a row number';
  if (fault === indexFaults.rowsNotRising) return 'a row number that is not above the one before it';
  if (fault === indexFaults.openQuote) return 'a quote that is never closed';
  if (fault === indexFaults.tooManyLines) return 'more lines';
  if (fault === indexFaults.wrongFieldCount) return 'a line with another number of fields, or cut short';
  return `${lines} lines`;
}

function damagedIndex(path: string, line: number, found: string, expected: string): UserError {
  return new UserError({
    what: 'the index of a feature set is damaged',
    where: `${path}, line ${line}`,
    found,
    expected,
    fix: 'featuretap verify --features FOLDER says what is damaged; with --repair it mends what can be mended',
  });
}
