import { openDelimited } from './delimited.ts';
import { openJsonLines } from './json-lines.ts';
import { openParquet } from './parquet.ts';
import { headOf, type Table, type TableSource, tableError } from './table.ts';

const tableName = /\.(?:csv|tsv|tab|jsonl|ndjson|parquet)$/i;

export function isTableName(name: string): boolean {
  return tableName.test(name);
}

/**
 * Opens a table of any kind, detected by its first bytes: Parquet, JSON Lines, or delimited text.
 *
 * @param options.oneColumn accept a text with one column
 * @throws UserError naming the file, and the line if there is one
 */
export async function openTable(source: TableSource, options: { readonly oneColumn?: boolean } = {}): Promise<Table> {
  const head = Buffer.from(await headOf(source, 512));
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return openParquet(source);
  const text = head
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (text.startsWith('{')) return openJsonLines(source);
  if (text.startsWith('PK\x03\x04')) {
    const fix = 'save the sheet as CSV UTF-8, then --labels FILE.csv';
    throw tableError(source, 'is not a supported table', 'a spreadsheet or a zip archive', fix);
  }
  return openDelimited(source, options.oneColumn);
}
