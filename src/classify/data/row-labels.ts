import { openTable } from '../../formats/table/open-table.ts';
import { fileSource, readRows } from '../../formats/table/table.ts';
import { checkTablePlace } from '../../formats/table/table-place.ts';
import { noColumn, unusable } from './labels-file.ts';

/** Labels of a matrix's rows, in order. */
export interface RowLabels {
  /** Undefined if the file is a vector of labels. */
  readonly ids: readonly string[] | undefined;
  readonly names: readonly string[];
  /** Values of a column after the label. @throws UserError if there is no such column */
  column(name: string): readonly string[];
}

/**
 * Reads the labels of a matrix's rows, in order: a header, then one label per line, or id and label.
 *
 * @throws UserError naming the line of a row without a label
 */
export async function readRowLabels(path: string): Promise<RowLabels> {
  await checkTablePlace(path);
  const table = await openTable(fileSource(path), { oneColumn: true });
  const rows = await readRows(table);
  const place = table.columns.length >= 2 ? 1 : 0;
  const names = rows.map(({ line, cells }) => {
    const name = cells[place] ?? '';
    if (name === '') throw unusable(path, `line ${line}`, 'no label', 'a label for every row');
    return name;
  });
  return {
    ids: place === 0 ? undefined : rows.map(({ cells }) => cells[0] ?? ''),
    names,
    column: (name) => {
      const at = table.columns.indexOf(name, place + 1);
      if (at < 0) throw noColumn(path, name, table.columns.slice(place + 1));
      return rows.map(({ cells }) => cells[at] ?? '');
    },
  };
}
