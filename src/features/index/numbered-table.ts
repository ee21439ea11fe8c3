import { UserError } from '../../system/errors.ts';
import { fieldEnd, scanFaults, scanLines } from './table.kernel.ts';

const newline = 10;
const quote = 34;

/** Name of the table in error messages, and the command that repairs it. */
interface TableName {
  readonly path: string;
  readonly what: string;
  readonly fix?: string;
}

/**
 * A CSV file of this project whose first column is a number, kept as bytes: each line costs eight bytes more than in
 * the file, and strings are made on demand.
 */
export class NumberedTable {
  readonly lineCount: number;
  /** First column of each line. [lineCount] */
  readonly numbers: Uint32Array;
  readonly bytes: Uint8Array;
  /** Offset of each line. [lineCount] */
  readonly starts: Uint32Array;
  readonly #text: Buffer;

  /**
   * @param header the first line, without its newline
   * @param lineCount number of lines after it, from the file that references this one
   * @throws UserError naming the file and the line
   */
  constructor(bytes: Uint8Array, header: string, lineCount: number, name: TableName) {
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const first = bytes.indexOf(newline) + 1;
    const found = this.#text.toString('utf8', 0, Math.min(first === 0 ? bytes.length : first - 1, 2 * header.length));
    if (found !== header || first === 0) throw damaged(name, 1, found, header);
    const fieldCount = header.split(',').length;
    // Checked before allocating: a damaged count must not request all memory.
    if (lineCount * (fieldCount + 1) > bytes.length) {
      throw damaged(name, 1, `${bytes.length} bytes`, `${lineCount} lines as its record says`);
    }
    this.starts = new Uint32Array(lineCount);
    this.numbers = new Uint32Array(lineCount);
    const [lines, fault] = scanLines(bytes, first, fieldCount, this.starts, this.numbers);
    if (fault !== scanFaults.none || lines !== lineCount) {
      throw damaged(name, lines + 2, faultText(fault, lines), `${lineCount} lines of ${header}`);
    }
    this.lineCount = lineCount;
    this.bytes = bytes;
  }

  /** The fields of line `line`, counted from 0. */
  fields(line: number): readonly string[] {
    const start = this.starts[line];
    if (start === undefined) throw new RangeError(`a table of ${this.lineCount} lines has no line ${line}`);
    const end = this.starts[line + 1] ?? this.bytes.length;
    const text = this.#text.toString('utf8', start, end - 1);
    return text.includes('"') ? this.#quotedFields(start) : text.split(',');
  }

  #quotedFields(start: number): readonly string[] {
    const fields: string[] = [];
    for (let at = start; ; ) {
      const end = fieldEnd(this.bytes, at);
      const isQuoted = this.bytes[at] === quote;
      const text = this.#text.toString('utf8', isQuoted ? at + 1 : at, isQuoted ? end - 1 : end);
      fields.push(isQuoted ? text.replaceAll('""', '"') : text);
      if (end >= this.bytes.length || this.bytes[end] === newline) return fields;
      at = end + 1;
    }
  }
}

function faultText(fault: number, lines: number): string {
  if (fault === scanFaults.badNumber) return 'a line that does not start with a number';
  if (fault === scanFaults.openQuote) return 'a quote that is never closed';
  if (fault === scanFaults.tooManyLines) return 'more lines';
  if (fault === scanFaults.wrongFieldCount) return 'a line with another number of fields, or cut short';
  return `${lines} lines`;
}

function damaged({ path, what, fix }: TableName, line: number, found: string, expected: string): UserError {
  return new UserError({ what, where: `${path}, line ${line}`, found, expected, ...(fix && { fix }) });
}
