import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { UserError } from '../errors.ts';

/**
 * Reads a labels file: CSV with a header, the id in the first column and the label in the second, in any further
 * columns whatever there is (Kaggle's labels.csv). The order is kept.
 *
 * @throws UserError naming the line of an id without a label, or of an id that has two labels
 */
export async function readLabels(path: string): Promise<ReadonlyMap<string, string>> {
  const records = parseRecords(await readText(path), path);
  const labels = new Map<string, string>();
  records.forEach(([id = '', label = ''], i) => {
    if (id === '' || label === '') {
      throw unusable(
        path,
        `line ${i + 2}`,
        `id ${JSON.stringify(id)}, label ${JSON.stringify(label)}`,
        'an id and a label',
      );
    }
    const known = labels.get(id);
    if (known !== undefined && known !== label) {
      throw unusable(path, `line ${i + 2}`, `${id} is ${known} and ${label}`, 'one label for each id');
    }
    labels.set(id, label);
  });
  if (labels.size === 0) throw unusable(path, 'the whole file', 'no line after the header', 'one line per image');
  return labels;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new UserError({
      what: 'the labels file cannot be read',
      where: path,
      found: (cause as Error).message,
      cause,
    });
  }
}

function parseRecords(text: string, path: string): string[][] {
  try {
    const [header, ...records] = parse(text, { bom: true, relax_column_count: true, trim: true }) as string[][];
    if (header === undefined || header.length < 2) {
      throw unusable(
        path,
        'line 1',
        JSON.stringify(header?.join(',') ?? ''),
        'a header with at least two columns: id,label',
      );
    }
    return records;
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw unusable(path, 'the whole file', (cause as Error).message, 'CSV with the header id,label');
  }
}

function unusable(path: string, place: string, found: string, expected: string): UserError {
  return new UserError({ what: 'the labels file is not usable', where: `${path}, ${place}`, found, expected });
}
