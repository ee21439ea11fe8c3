import { Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import { UserError } from '../../system/errors.ts';
import { decoded, encodingOf, type TextEncoding } from './encoding.ts';
import { headOf, type Table, type TableRow, type TableSource, tableError, unreadable } from './table.ts';

/** Longest accepted line in characters: a missing quote would swallow the file. */
const longestRecord = 64 * 1024;
const headBytes = 64 * 1024;

/** Delimiters, and their names for display. */
const delimiters: readonly (readonly [delimiter: string, note: string])[] = [
  [',', ''],
  ['\t', 'tabs'],
  [';', 'semicolons'],
  ['|', 'bars'],
];

/**
 * Opens a table of delimited text. The delimiter (comma, tab, semicolon or bar) is detected from the header; accepts
 * quotes, CRLF, blank lines and a byte order mark.
 *
 * @param oneColumn whether a single column is accepted
 * @throws UserError naming the line
 */
export async function openDelimited(source: TableSource, oneColumn = false): Promise<Table> {
  const head = await headOf(source, headBytes);
  const encoding = await encodingOf(source, head);
  const text = new TextDecoder(encoding.label).decode(head);
  const [delimiter, delimiterNote] = delimiterOf(text);
  let columns: readonly string[] | undefined;
  for await (const { record } of parsed(source, encoding, delimiter)) {
    columns = record;
    break;
  }
  if (columns === undefined) throw tableError(source, 'is empty', 'no line', 'put a line for each image into it');
  const isVector = columns.length < 2;
  if (isVector && !oneColumn) {
    const fix = 'save the file as CSV with a comma between id and label';
    throw tableError(source, 'has one column', `the header ${JSON.stringify(columns[0]?.slice(0, 80))}`, fix, 1);
  }
  return {
    where: source.where,
    name: source.name,
    columns,
    notes: [delimiterNote, encoding.note ?? ''].filter((note) => note !== ''),
    rows: async function* (wanted): AsyncGenerator<TableRow> {
      let isHeader = true;
      // In a single column an empty line is an empty cell.
      for await (const { info, record } of parsed(source, encoding, delimiter, !isVector)) {
        if (!isHeader) yield { line: info.lines, cells: wanted.map((column) => record[column] ?? '') };
        isHeader = false;
      }
    },
  };
}

interface Parsed {
  readonly info: Info;
  readonly record: readonly string[];
}

async function* parsed(
  source: TableSource,
  encoding: TextEncoding,
  delimiter: string,
  skipEmptyLines = true,
): AsyncGenerator<Parsed> {
  const text = Readable.from(decoded(source, encoding));
  const parser = parse({
    info: true,
    trim: true,
    delimiter,
    skip_empty_lines: skipEmptyLines,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: longestRecord,
  });
  text.on('error', (error) => parser.destroy(error));
  text.pipe(parser);
  try {
    for await (const record of parser) yield record as Parsed;
  } catch (error) {
    if (error instanceof UserError || !(error instanceof CsvError)) throw unreadable(source, error);
    const fix = 'fix that line; a comma or quote inside a label needs quotes around it: "a ""b"", c"';
    throw tableError(source, 'cannot be read', error.message, fix, undefined, error);
  } finally {
    text.destroy();
    parser.destroy();
  }
}

/** The most frequent delimiter in the first line, outside quotes. */
export function delimiterOf(text: string): readonly [delimiter: string, note: string] {
  const line = /[^\r\n]+/.exec(text.replace(/^\ufeff/, ''))?.[0] ?? '';
  const bare = line.replaceAll(/"[^"]*"/g, '');
  const counts = delimiters.map(([delimiter]) => bare.split(delimiter).length);
  return delimiters[counts.indexOf(Math.max(...counts))] as readonly [string, string];
}
