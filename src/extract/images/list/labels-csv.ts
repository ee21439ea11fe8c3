import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, type Info, parse } from 'csv-parse';
import { UserError } from '../../../system/errors.ts';
import { fileReason } from '../../../system/file-reason.ts';
import { nodeFiles, readBlocks } from '../../../system/files.ts';

/** One line of labels.csv. */
export interface LabelRow {
  readonly id: string;
  readonly label: string;
  /** 1 is the header. */
  readonly line: number;
}

/** No id and label are longer than this together, in characters; a missing quote would swallow the file. */
const longestRecord = 64 * 1024;

const nameImages = 'name the images in it, or take it away where folders name the classes';
const expected = 'a header line, then one line per image: id,label (UTF-8, comma between)';

/**
 * Reads labels.csv: the first column is the id, the second the label, whatever the header calls them; more columns are
 * ignored. A byte order mark, CRLF and blank lines do no harm.
 *
 * @throws UserError naming the line: fewer than two columns, an empty or repeated id, an empty label, text that is not UTF-8
 */
export async function readLabels(file: string): Promise<{ readonly header: readonly string[]; rows: LabelRow[] }> {
  // The stream's own error may overtake ours when reading stops in the middle, so the first one is kept.
  let refusal: UserError | undefined;
  const fail = (what: string, found: string, fix: string, line?: number, cause?: unknown): UserError => {
    const where = line === undefined ? file : `${file}, line ${line}`;
    refusal ??= new UserError({ what, where, found, expected, fix, cause });
    return refusal;
  };
  const rows: LabelRow[] = [];
  const lineOfId = new Map<string, number>();
  let header: readonly string[] | undefined;

  const parser = parse({
    info: true,
    trim: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: longestRecord,
  });
  const collect = async (records: AsyncIterable<{ info: Info; record: string[] }>): Promise<void> => {
    for await (const { info, record } of records) {
      const [id, label] = record;
      if (header === undefined) {
        if (record.length < 2) {
          const fix = 'save the file as CSV with a comma between id and label';
          throw fail('labels.csv has one column', `the header ${quote(record[0])}`, fix, info.lines);
        }
        header = record;
        continue;
      }
      if (id === undefined || id === '') {
        throw fail('labels.csv has an empty id', record.join(','), 'give the id, or remove the line', info.lines);
      }
      if (label === undefined || label === '') {
        const fix = 'give the label, or remove the line: its image is then left out';
        throw fail('labels.csv has an empty label', `id ${quote(id)} without a label`, fix, info.lines);
      }
      const earlier = lineOfId.get(id);
      if (earlier !== undefined) {
        const found = `id ${quote(id)}, on line ${earlier} already`;
        throw fail('labels.csv names an id twice', found, 'remove one of the two lines', info.lines);
      }
      lineOfId.set(id, info.lines);
      rows.push({ id, label, line: info.lines });
    }
  };

  try {
    await pipeline(Readable.from(decodeUtf8(file)), parser, collect);
  } catch (error) {
    if (refusal !== undefined) throw refusal;
    if (error instanceof CsvError) {
      const fix = 'mend that line; a comma or quote inside a label needs quotes around it: "a ""b"", c"';
      throw fail('labels.csv cannot be read', error.message, fix, undefined, error);
    }
    if (error instanceof TypeError) {
      const fix = 'save the file as "CSV UTF-8"';
      throw fail('labels.csv is not UTF-8', 'bytes of another encoding', fix, undefined, error);
    }
    const reason = error instanceof UserError ? (error.parts.found ?? '') : fileReason(error);
    const fix = 'make the file readable, or take it away where folders name the classes';
    throw fail('labels.csv cannot be read', reason, fix, undefined, error);
  }
  if (header === undefined) throw fail('labels.csv is empty', 'no line', nameImages);
  if (rows.length === 0) throw fail('labels.csv names no image', 'a header alone', nameImages);
  return { header, rows };
}

/** Text of a file, chunk by chunk, without its byte order mark; throws TypeError where it is not UTF-8. */
async function* decodeUtf8(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const block of readBlocks(nodeFiles, file)) yield decoder.decode(block, { stream: true });
  yield decoder.decode();
}

function quote(text: string | undefined): string {
  const shown = text ?? '';
  return JSON.stringify(shown.length > 80 ? `${shown.slice(0, 77)}...` : shown);
}
