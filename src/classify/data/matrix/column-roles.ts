import { lastOf, valueAt } from '../../../system/at.ts';
import { UserError, usageError } from '../../../system/errors.ts';
import type { MatrixOptions } from './external-matrix.ts';

export interface TableColumn {
  readonly name: string;
  readonly kind: 'number' | 'text' | 'list' | 'other';
}

/** The role of each column of a table, by index. */
interface ColumnRoles {
  readonly id: number | undefined;
  readonly label: number | undefined;
  /** One list column, or columns of numbers. */
  readonly features: readonly number[];
  readonly unused: readonly number[];
}

const labelNames = ['label', 'labels', 'class', 'target', 'breed', 'category', 'species', 'diagnosis', 'dx', 'y'];
const idNames = [
  'id',
  'ids',
  'image_id',
  'file_name',
  'filename',
  'image_path',
  'path',
  'image',
  'file',
  'key',
  'name',
];
const listNames = ['features', 'feature', 'embedding', 'embeddings', 'vector', 'img_emb', 'emb', 'x'];
/** Names of an index column as written by pandas, which is not a feature. */
const indexNames = /^(?:|unnamed: \d+|index|__index_level_\d+__)$/i;

/**
 * Determines the roles of a table's columns by names and types.
 *
 * @throws UserError with options to choose from if the roles are ambiguous
 */
export function columnRoles(
  where: string,
  columns: readonly TableColumn[],
  { labelColumn, idColumn }: MatrixOptions,
  wanted?: string,
): ColumnRoles {
  const named = (option: string, name: string): number => {
    const at = columns.findIndex((column) => column.name === name);
    if (at >= 0) return at;
    throw usageError(option, name, `a column of ${where}: ${firstNames(columns.map((column) => column.name))}`);
  };
  const like = (names: readonly string[]): number[] =>
    names.flatMap((name) => {
      const at = columns.findIndex((column) => column.name.trim().toLowerCase() === name);
      return at < 0 ? [] : [at];
    });
  const labels = like(labelNames).filter((at) => columns[at]?.kind !== 'list');
  if (labelColumn === undefined && labels.length > 1) {
    const ways = labels.map((at) => `--label-column ${valueAt(columns, at).name}`).join(' or ');
    throw new UserError({
      what: 'several columns could be the label',
      where,
      found: labels.map((at) => valueAt(columns, at).name).join(', '),
      fix: ways,
      exitCode: 2,
    });
  }
  const label = labelColumn === undefined ? labels[0] : named('--label-column', labelColumn);
  const idLike = like(idNames).filter((at) => at !== label && columns[at]?.kind !== 'list');
  const id = idColumn === undefined ? idLike[0] : named('--id-column', idColumn);
  const spoken = new Set([id, label, ...idLike, ...labels]);
  const free = columns.flatMap(({ name }, at) => (spoken.has(at) || indexNames.test(name.trim()) ? [] : [at]));
  const features = featureColumns(where, columns, free, wanted === undefined ? undefined : named('--features', wanted));
  const unused = columns.flatMap((_, at) =>
    at === id || at === label || features.includes(at) || indexNames.test(columns[at]?.name.trim() ?? '') ? [] : [at],
  );
  return { id, label, features, unused };
}

function featureColumns(
  where: string,
  columns: readonly TableColumn[],
  free: readonly number[],
  wanted: number | undefined,
): readonly number[] {
  if (wanted !== undefined) return [wanted];
  const lists = free.filter((at) => columns[at]?.kind === 'list');
  const named = listNames.flatMap((name) => lists.filter((at) => columns[at]?.name.toLowerCase() === name));
  const [list] = lists.length === 1 ? lists : named;
  if (list !== undefined) return [list];
  if (lists.length > 1) {
    throw new UserError({
      what: 'several columns could be the features',
      where,
      found: firstNames(lists.map((at) => valueAt(columns, at).name)),
      fix: lists
        .slice(0, 3)
        .map((at) => `--features ${where}:${columns[at]?.name}`)
        .join(' or '),
      exitCode: 2,
    });
  }
  const numbers = free.filter((at) => columns[at]?.kind === 'number');
  if (numbers.length > 0) return numbers;
  throw new UserError({
    what: 'the table holds no features',
    where,
    found: `columns ${firstNames(columns.map(({ name, kind }) => `${name} (${kind})`))}`,
    expected: 'columns of numbers, or one whose cells are lists of numbers',
  });
}

/** `id = file, label = class, features = f0 … f511 (512 columns); not used: caption, url`. */
export function describeRoles(columns: readonly TableColumn[], { id, label, features, unused }: ColumnRoles): string {
  const nameOf = (at: number): string => valueAt(columns, at).name;
  const [first = 0] = features;
  const last = lastOf(features);
  const shown =
    features.length === 1 ? nameOf(first) : `${nameOf(first)} … ${nameOf(last)} (${features.length} columns)`;
  const parts = [
    ...(id === undefined ? [] : [`id = ${nameOf(id)}`]),
    ...(label === undefined ? [] : [`label = ${nameOf(label)}`]),
    `features = ${shown}`,
  ];
  const rest = unused.length === 0 ? '' : `; not used: ${firstNames(unused.map(nameOf))}`;
  return parts.join(', ') + rest;
}

function firstNames(names: readonly string[]): string {
  return `${names.slice(0, 8).join(', ')}${names.length > 8 ? `, … (${names.length})` : ''}`;
}
