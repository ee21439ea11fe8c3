import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { delimiterOf, openDelimited } from './delimited.ts';
import { encodingOf, type TextEncoding } from './encoding.ts';
import { bytesSource } from './table.ts';

const headBytes = 64 * 1024;

/** A cell's range in a text, including quotes. */
interface CellPlace {
  readonly start: number;
  readonly end: number;
  readonly quoted: boolean;
  readonly text: string;
}

type ChangeRow = (cells: readonly string[]) => ReadonlyMap<number, string> | undefined;

/**
 * Replaces cells of delimited text and preserves every other byte: order, quoting, blank lines, line ends, encoding and
 * byte order mark. Quoted cells stay quoted; others are quoted if necessary. The result is parsed again as a check.
 *
 * @throws UserError if a text cannot be encoded, or the result does not parse to the same cells
 */
export async function replaceCells(bytes: Uint8Array, where: string, change: ChangeRow): Promise<Uint8Array> {
  const source = bytesSource(bytes, where);
  const encoding = await encodingOf(source, bytes.subarray(0, headBytes));
  const coder = coderOf(encoding, where);
  const text = coder.open(bytes);
  const [delimiter] = delimiterOf(coder.read(text.slice(0, headBytes)));
  let out = '';
  let kept = 0;
  let isHeader = true;
  const expected: (readonly string[])[] = [];
  for (const cells of recordsOf(text, delimiter)) {
    const texts = cells.map((cell) => coder.read(cell.text));
    const changes = isHeader ? undefined : change(texts);
    isHeader = false;
    expected.push(texts.map((old, column) => changes?.get(column) ?? old));
    for (const [column, to] of [...(changes ?? [])].sort(([a], [b]) => a - b)) {
      const cell = cells[column];
      if (cell === undefined) throw new RangeError(`column ${column} of ${cells.length}`);
      out += text.slice(kept, cell.start) + written(coder.write(to), delimiter, cell.quoted);
      kept = cell.end;
    }
  }
  const made = coder.close(out + text.slice(kept));
  await checkReading(made, where, expected);
  return made;
}

/** Records with a cell in them, the header first, by the rules that `openDelimited` reads by. */
function* recordsOf(text: string, delimiter: string): Generator<readonly CellPlace[]> {
  // Only a byte order mark may precede the first cell's opening quote.
  let at = /^(?:\ufeff|\xef\xbb\xbf)?/.exec(text)?.[0].length ?? 0;
  while (at < text.length) {
    const cells: CellPlace[] = [];
    for (;;) {
      const cell = cellAt(text, at, delimiter);
      cells.push(cell);
      at = cell.next;
      if (text[at] !== delimiter) break;
      at++;
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    at++;
    const [first] = cells;
    // Blank lines are not records.
    if (cells.length > 1 || first?.start !== first?.end) yield cells;
  }
}

const blanks = ' \t\f';

function cellAt(text: string, from: number, delimiter: string): CellPlace & { readonly next: number } {
  const isEnd = (at: number): boolean =>
    at >= text.length || text[at] === delimiter || text[at] === '\n' || text[at] === '\r';
  let start = from;
  while (!isEnd(start) && blanks.includes(valueAt(text, start))) start++;
  if (text[start] === '"') {
    let end = start + 1;
    for (; end < text.length; end++) {
      if (text[end] !== '"') continue;
      if (text[end + 1] !== '"') break;
      end++;
    }
    let next = end + 1;
    while (!isEnd(next)) next++;
    return { start, end: end + 1, quoted: true, text: text.slice(start + 1, end).replaceAll('""', '"'), next };
  }
  let next = start;
  while (!isEnd(next)) next++;
  let end = next;
  while (end > start && blanks.includes(valueAt(text, end - 1))) end--;
  return { start, end, quoted: false, text: text.slice(start, end), next };
}

function written(text: string, delimiter: string, quoted: boolean): string {
  const needed = text.includes(delimiter) || /["\r\n]|^[ \t\f]|[ \t\f]$/.test(text);
  return quoted || needed ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Converts between bytes and a searchable form without loss. */
interface Coder {
  open(bytes: Uint8Array): string;
  close(text: string): Uint8Array;
  /** Converts a piece to text, and back. */
  read(held: string): string;
  write(text: string): string;
}

function coderOf({ label }: TextEncoding, where: string): Coder {
  if (label === 'utf-16le' || label === 'utf-16be') {
    const swapped = (buffer: Buffer): Buffer => (label === 'utf-16be' ? Buffer.from(buffer).swap16() : buffer);
    return {
      open: (bytes) => swapped(Buffer.from(bytes)).toString('utf16le'),
      close: (text) => swapped(Buffer.from(text, 'utf16le')),
      read: (held) => held,
      write: (text) => text,
    };
  }
  // A byte a character: delimiters, quotes and line ends are ASCII in both encodings, and no other byte is.
  const decoder = new TextDecoder(label, { ignoreBOM: true });
  const read = (held: string): string => decoder.decode(Buffer.from(held, 'latin1'));
  return {
    open: (bytes) => Buffer.from(bytes).toString('latin1'),
    close: (text) => Buffer.from(text, 'latin1'),
    read,
    write: (text) => {
      if (label === 'utf-8') return Buffer.from(text, 'utf8').toString('latin1');
      const bytes = new Map(Array.from({ length: 256 }, (_, byte) => [read(String.fromCharCode(byte)), byte]));
      return Array.from(text, (character) => {
        const byte = bytes.get(character);
        if (byte !== undefined) return String.fromCharCode(byte);
        throw new UserError({
          what: 'a label cannot be written in the encoding of its table',
          where,
          found: `${character} of ${text}`,
          expected: 'Latin-1 text, as the table is',
          fix: 'save the table as CSV UTF-8 first',
        });
      }).join('');
    },
  };
}

/** @throws UserError if the result does not parse to the expected cells */
async function checkReading(made: Uint8Array, where: string, expected: readonly (readonly string[])[]): Promise<void> {
  const table = await openDelimited(bytesSource(made, where));
  const wanted = table.columns.map((_, column) => column);
  let row = 1;
  const differs = (cells: readonly string[], own: readonly string[] = []): boolean =>
    wanted.some((column) => cells[column] !== (own[column] ?? ''));
  let same = !differs(table.columns, expected[0]);
  for await (const { cells } of table.rows(wanted)) if (differs(cells, expected[row++])) same = false;
  if (same && row === expected.length) return;
  throw new UserError({
    what: 'the table cannot be changed in place',
    where,
    found: 'quotes or line ends that can be read in two ways',
    expected: 'CSV as RFC 4180 has it',
    fix: 'save it as plain CSV first; nothing was written',
  });
}
