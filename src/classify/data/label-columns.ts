import { encodeLabels } from '../../rows/classes.ts';
import { UserError } from '../../system/errors.ts';
import type { LabelsFile } from './labels-file.ts';

/** Names of further columns of a labels file. */
export interface AskedColumns {
  readonly sampleWeight?: string | undefined;
  readonly groups?: string | undefined;
}

/** Columns of a labels file, in the order of the used rows. */
interface ColumnSource {
  readonly path: string;
  readonly ids: readonly string[];
  /** A column's value for each row, '' if it has none. @throws UserError if there is no such column */
  column(name: string): readonly string[];
}

/** The columns of a file, looked up by id. */
export function byId({ path, column }: LabelsFile, ids: readonly string[]): ColumnSource {
  return {
    path,
    ids,
    column: (name) => {
      const values = column(name);
      return ids.map((id) => values.get(id) ?? '');
    },
  };
}

/**
 * Weights and groups of the rows, if requested.
 *
 * @throws UserError naming the row whose weight is not a number from 0, or which has no group
 */
export function columnsOf(
  source: ColumnSource,
  { sampleWeight, groups }: AskedColumns,
): { readonly sampleWeights?: Float64Array; readonly groups?: Int32Array } {
  const found: { sampleWeights?: Float64Array; groups?: Int32Array } = {};
  if (sampleWeight !== undefined) {
    const values = source.column(sampleWeight);
    found.sampleWeights = Float64Array.from(values, (value, row) => {
      const weight = value === '' ? Number.NaN : Number(value);
      if (weight >= 0 && weight < Number.POSITIVE_INFINITY) return weight;
      throw badCell(source, sampleWeight, row, value, 'a number from 0');
    });
  }
  if (groups !== undefined) {
    const names = source.column(groups);
    const bare = names.indexOf('');
    if (bare >= 0) throw badCell(source, groups, bare, '', 'the name of a group');
    found.groups = encodeLabels(names).labels;
  }
  return found;
}

function badCell(source: ColumnSource, column: string, row: number, found: string, expected: string): UserError {
  return new UserError({
    what: 'the labels file is not usable',
    where: `${source.path}, column ${column} of ${source.ids[row]}`,
    found: JSON.stringify(found),
    expected,
  });
}
