import { csvBlocks, csvLine, parseCsv } from './csv.ts';

const header = ['id', 'label'];

/** The first line of labels.csv. */
export const labelsHeader: string = csvLine(header);

/** labels.csv: id and label of every labelled input that has a file, in the order in which the data folder lists them. */
export function* formatLabels(labels: Iterable<readonly [string, string]>): Generator<Uint8Array> {
  yield* csvBlocks(labelLines(labels));
}

function* labelLines(labels: Iterable<readonly [string, string]>): Generator<string> {
  yield labelsHeader;
  for (const [id, label] of labels) yield csvLine([id, label]);
}

export function parseLabels(bytes: Uint8Array, path: string): ReadonlyMap<string, string> {
  return new Map(parseCsv(bytes, header, path).map(([id = '', label = '']) => [id, label]));
}
