import { createHash } from 'node:crypto';
import { UserError } from '../../system/errors.ts';
import { type Files, readFailure } from '../../system/files.ts';

/**
 * Reads a CSV file of this project line by line, a block at a time and one block ahead, whatever its length. Fields are
 * raw: quotes as they stand, and each byte one character (`latin1`), so that they can be compared as bytes and written
 * again as they were; `textOf` makes them readable. The file is open only while a block is read: thousands of these do
 * not add up to thousands of open files.
 */
export class CsvLines {
  readonly path: string;
  readonly #files: Files;
  readonly #blockBytes: number;
  readonly #header: string;
  readonly #columnCount: number;
  readonly #hash = createHash('sha256');
  #position = 0;
  #text = '';
  #at = 0;
  #lines = 0;
  #ended = false;
  #ahead: Promise<Buffer | UserError> | undefined;

  /** @param header the first line, without its newline */
  constructor(files: Files, path: string, header: string, blockBytes: number) {
    this.#files = files;
    this.path = path;
    this.#header = header;
    this.#columnCount = header.split(',').length;
    this.#blockBytes = blockBytes;
  }

  /**
   * The fields of the next line; undefined where the next block must be read first, or where the file is at its end.
   *
   * @throws UserError when a line has another number of fields
   */
  next(): readonly string[] | undefined {
    const text = this.#text;
    let end = text.indexOf('\n', this.#at);
    if (end === -1) return undefined;
    let line = text.slice(this.#at, end);
    let fields: readonly string[];
    if (line.includes('"')) {
      // A line break between quotes ends no line.
      while (!hasEvenQuotes(line)) {
        end = text.indexOf('\n', end + 1);
        if (end === -1) return undefined;
        line = text.slice(this.#at, end);
      }
      fields = splitQuoted(line);
    } else fields = line.split(',');
    this.#at = end + 1;
    this.#lines++;
    if (fields.length !== this.#columnCount) throw this.#damaged(line, this.#header);
    if (this.#lines > 1) return fields;
    if (line !== this.#header) throw this.#damaged(line, this.#header);
    return this.next();
  }

  /**
   * Reads on.
   *
   * @returns false at the end of the file
   * @throws UserError when it cannot be read, or ends within a line
   */
  async fill(): Promise<boolean> {
    if (this.#ended) return false;
    const block = await (this.#ahead ?? this.#read());
    if (block instanceof UserError) throw block;
    this.#hash.update(block);
    this.#text = this.#text.slice(this.#at) + block.toString('latin1');
    this.#at = 0;
    this.#ended = block.length === 0;
    if (!this.#ended) this.#ahead = this.#read();
    else if (this.#text.length > 0 || this.#lines === 0) throw this.#damaged('a line cut short', 'whole lines');
    return !this.#ended;
  }

  /** sha256 of the whole file, once it is read to its end. */
  sha256(): string {
    return this.#hash.digest('hex');
  }

  async #read(): Promise<Buffer | UserError> {
    try {
      const file = await this.#files.open(this.path, 'r');
      try {
        const block = Buffer.allocUnsafeSlow(this.#blockBytes);
        const { bytesRead } = await file.read(block, 0, block.length, this.#position);
        this.#position += bytesRead;
        return block.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    } catch (error) {
      return readFailure(this.path, error);
    }
  }

  #damaged(found: string, expected: string): UserError {
    return new UserError({
      what: 'a table is damaged',
      where: `${this.path}, line ${this.#lines}`,
      found: found.length <= 80 ? found : `${found.slice(0, 77)}...`,
      expected,
    });
  }
}

function hasEvenQuotes(line: string): boolean {
  let quotes = 0;
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) quotes++;
  return quotes % 2 === 0;
}

function splitQuoted(line: string): readonly string[] {
  const fields: string[] = [];
  let quoted = false;
  let start = 0;
  for (let at = 0; at < line.length; at++) {
    const character = line[at];
    if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      fields.push(line.slice(start, at));
      start = at + 1;
    }
  }
  fields.push(line.slice(start));
  return fields;
}

/** A raw field as text. */
export function textOf(field: string): string {
  const bytes = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Text as a raw line or field holds it, its bytes as characters. */
export function rawOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
