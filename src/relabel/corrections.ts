import { fromSpreadsheet } from '../formats/spreadsheet-cell.ts';
import { openTable } from '../formats/table/open-table.ts';
import { fileSource } from '../formats/table/table.ts';
import { checkTablePlace } from '../formats/table/table-place.ts';
import { lookUp } from '../system/at.ts';
import { UserError, usageError } from '../system/errors.ts';

/** A correction of a label. */
export interface Correction {
  readonly id: string;
  readonly to: string;
  /** The label when the list was made; absent if unknown. */
  readonly from?: string;
  readonly line: number;
}

/** Columns of the new label; the first present one is used. */
const newLabelColumns = ['correction', 'suggestion', 'label'] as const;

/**
 * Reads a list of corrections: `labels-to-check.csv`, the page's `selected-photos.csv`, or any table with a column `id`
 * and one of `correction`, `suggestion`, `label` with the new label. Lines without a new label are ignored. With
 * `correction` or `suggestion`, `label` is the label when the list was made.
 *
 * @throws UserError if a column is missing, or an id has two new labels
 */
export async function readCorrections(path: string): Promise<readonly Correction[]> {
  await checkTablePlace(path, {
    argument: 'the corrections',
    fix: 'featuretap compare\nwrites labels-to-check.csv beside each report',
  });
  const table = await openTable(fileSource(path));
  const places = new Map(table.columns.map((name, column) => [name.trim().toLowerCase(), column]));
  const idColumn = places.get('id');
  const toName = newLabelColumns.find((name) => places.has(name));
  if (idColumn === undefined || toName === undefined) {
    throw usageError(
      path,
      `the columns ${table.columns.join(', ')}`,
      `a column id, and one of ${newLabelColumns.join(', ')} with the new label`,
      'featuretap compare\nwrites labels-to-check.csv beside each report, which has them',
    );
  }
  const fromColumn = toName === 'label' ? undefined : places.get('label');
  const wanted = [idColumn, lookUp(places, toName), ...(fromColumn === undefined ? [] : [fromColumn])];
  const found = new Map<string, Correction>();
  for await (const { line, cells } of table.rows(wanted)) {
    const [id = '', to = '', from = ''] = cells.map(fromSpreadsheet);
    if (to === '') continue;
    if (id === '') throw unusable(path, line, `no id, and the label ${to}`, 'an id in every line');
    const before = found.get(id);
    if (before !== undefined && before.to !== to) {
      throw unusable(path, line, `${id}: ${to}, and in line ${before.line}: ${before.to}`, 'one new label for each id');
    }
    found.set(id, { id, to, line, ...(from === '' ? {} : { from }) });
  }
  return [...found.values()];
}

function unusable(path: string, line: number, found: string, expected: string): UserError {
  return new UserError({ what: 'the corrections are not usable', where: `${path}, line ${line}`, found, expected });
}
