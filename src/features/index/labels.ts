import { UserError } from '../../system/errors.ts';
import { csvBlocks, csvLine, parseCsv } from './csv.ts';

const header = ['id', 'label'];
const splitHeader = ['id', 'label', 'split'];

/** A line of labels.csv: id, label and, if the data folder has its own split, the part. */
export type LabelLine = readonly [id: string, label: string, split?: string];

/**
 * labels.csv: id and label of every labelled input with a file, in the data folder's order; a third column, `split`, if
 * any has one.
 */
export function* formatLabels(labels: Iterable<LabelLine>): Generator<Uint8Array> {
  yield* csvBlocks(labelLines(labels));
}

function* labelLines(labels: Iterable<LabelLine>): Generator<string> {
  const hasSplit = hasSplits(labels);
  yield csvLine(hasSplit ? splitHeader : header);
  for (const [id, label, split = ''] of labels) yield csvLine(hasSplit ? [id, label, split] : [id, label]);
}

function hasSplits(labels: Iterable<LabelLine>): boolean {
  for (const [, , split] of labels) if (split !== undefined) return true;
  return false;
}

/** The lines of labels.csv, in the file's order. @throws UserError if it is not as `formatLabels` writes it */
export function parseLabelLines(bytes: Uint8Array, path: string): readonly LabelLine[] {
  const [first = ''] = new TextDecoder().decode(bytes.subarray(0, 64)).split('\n');
  if (first !== splitHeader.join(',')) {
    return parseCsv(bytes, header, path).map(([id = '', label = '']) => [id, label]);
  }
  return parseCsv(bytes, splitHeader, path).map(([id = '', label = '', split = '']) => {
    if (split === '') return [id, label];
    if (['train', 'val', 'test'].includes(split)) return [id, label, split];
    throw new UserError({
      what: 'labels.csv is damaged',
      where: path,
      found: `${id} in the part ${JSON.stringify(split)}`,
      expected: 'train, val or test',
    });
  });
}

export function parseLabels(bytes: Uint8Array, path: string): ReadonlyMap<string, string> {
  return new Map(parseLabelLines(bytes, path).map(([id, label]) => [id, label]));
}

/** Part of the data folder's own split by id; undefined if it has none. */
export function splitsOf(lines: readonly LabelLine[]): ReadonlyMap<string, string> | undefined {
  const found = lines.flatMap(([id, , split]) => (split === undefined ? [] : [[id, split] as const]));
  return found.length === 0 ? undefined : new Map(found);
}
