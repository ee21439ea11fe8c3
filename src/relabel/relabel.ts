import { dirname } from 'node:path';
import { readLabels } from '../classify/data/labels-file.ts';
import { csvBlocks, csvLine } from '../features/index/csv.ts';
import type { AskedColumns } from '../formats/table/choose-columns.ts';
import { replaceCells } from '../formats/table/replace-cells.ts';
import { valueAt } from '../system/at.ts';
import { DurableFile, makeFolder, patienceMs } from '../system/durable.ts';
import { UserError } from '../system/errors.ts';
import { nodeFiles, readWhole, statIfThere } from '../system/files.ts';
import { nearestName } from '../system/nearest.ts';
import { counted } from '../system/printable.ts';
import type { Correction } from './corrections.ts';

export interface RelabelOptions {
  /** The labels file: a table to change in place, or a new file. */
  readonly path: string;
  /** Initial labels of a new file; absent for an existing table. */
  readonly base?: ReadonlyMap<string, string>;
  /** Whether a cell is an id of the feature set. */
  readonly isId?: ((cell: string) => boolean) | undefined;
  /** Columns of the table, if ambiguous. */
  readonly columns?: AskedColumns;
  /** Accept labels that no image has yet. */
  readonly newLabels: boolean;
  /** Whether to write the changes. */
  readonly write: boolean;
}

export interface Relabelled extends RelabelPlan {
  readonly path: string;
  /** How the table is read; absent for a new file. */
  readonly reading?: string;
  /** Labels of the file. */
  readonly labelCount: number;
  readonly written: boolean;
}

/**
 * Applies corrections to a labels file, or reports what they would do. A table keeps its other columns, order and
 * quoting, and is replaced atomically, by one process at a time. Photos are not touched.
 *
 * @throws UserError if corrections do not match the labels, or the file cannot be changed
 */
export async function relabel(corrections: readonly Correction[], options: RelabelOptions): Promise<Relabelled> {
  if (!options.write) return (await plan(corrections, options)).found;
  const { path, base } = options;
  // Creates nothing for a mistyped path.
  if (base !== undefined) await makeFolder(nodeFiles, dirname(path));
  const file = await DurableFile.open(nodeFiles, path, { aloneWithinMs: patienceMs });
  try {
    const { found, blocks } = await plan(corrections, options);
    if (found.changes.length === 0) return found;
    for await (const block of blocks()) await file.write(block);
    await file.finish();
    return { ...found, written: true };
  } finally {
    await file.discard();
  }
}

interface Planned {
  readonly found: Relabelled;
  /** The new content of the file. */
  readonly blocks: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

async function plan(corrections: readonly Correction[], options: RelabelOptions): Promise<Planned> {
  const { path, base, newLabels } = options;
  const isNew = base !== undefined && (await statIfThere(nodeFiles, path)) === undefined;
  if (isNew) {
    const planned = planRelabel(base, corrections, { where: path, newLabels });
    const to = newLabelOf(planned);
    const lines = function* (): Generator<string> {
      yield csvLine(['id', 'label']);
      for (const [id, label] of base) yield csvLine([id, to.get(id) ?? label]);
    };
    const found = { ...planned, path, labelCount: base.size, written: false };
    return { found, blocks: () => csvBlocks(lines()) };
  }
  const ids = new Set(corrections.map(({ id }) => id));
  const isId = (cell: string): boolean => ids.has(cell) || options.isId?.(cell) === true;
  const file = await readLabels(path, { ...options.columns, isId });
  const planned = planRelabel(file.labels, corrections, { where: path, newLabels });
  const { idColumn, labelColumns } = file.columns;
  const labelColumn = valueAt(labelColumns, 0);
  const bytes = await readWhole(nodeFiles, path);
  if (!isDelimited(bytes)) throw notInPlace(path, 'Parquet or JSON Lines');
  if (labelColumns.length > 1) throw notInPlace(path, `${counted(labelColumns.length, 'column')}, one for each class`);
  const found = { ...planned, path, reading: file.reading, labelCount: file.labels.size, written: false };
  const to = newLabelOf(planned);
  return {
    found,
    blocks: async function* () {
      yield await replaceCells(bytes, path, (cells) => {
        const label = to.get(file.idOf(cells[idColumn] ?? ''));
        return label === undefined ? undefined : new Map([[labelColumn, label]]);
      });
    },
  };
}

function newLabelOf({ changes }: RelabelPlan): ReadonlyMap<string, string> {
  return new Map(changes.map(({ id, to }) => [id, to]));
}

function isDelimited(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, 64))
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  return !head.startsWith('PAR1') && !head.startsWith('{');
}

function notInPlace(path: string, found: string): UserError {
  return new UserError({
    what: 'this table of labels cannot be changed in place',
    where: path,
    found,
    expected: 'CSV or the like, with one column of labels',
    fix: '--to FILE.csv writes the corrected labels into a file of their own, for classify --labels FILE.csv',
  });
}

/** A label that changes. */
interface LabelChange {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

export interface RelabelPlan {
  /** In the order of the corrections. */
  readonly changes: readonly LabelChange[];
  /** Number of corrections already applied. */
  readonly already: number;
}

/** Problems listed in a message; the rest is counted. */
const shown = 10;

/**
 * Determines how corrections change labels.
 *
 * @param labels current labels by id
 * @param newLabels accept labels that no image has yet
 * @throws UserError that names every id without a label, every label that no image has, and every image whose label is
 *   neither what it was when the list was made nor what it is to be
 */
export function planRelabel(
  labels: ReadonlyMap<string, string>,
  corrections: readonly Correction[],
  { where, newLabels }: { readonly where: string; readonly newLabels: boolean },
): RelabelPlan {
  const known = new Set(labels.values());
  const names = [...known];
  const changes: LabelChange[] = [];
  const problems: string[] = [];
  let strange = 0;
  for (const { id, to, from, line } of corrections) {
    const now = labels.get(id);
    if (now === undefined) problems.push(`line ${line}: no image ${id}`);
    else if (now === to) continue;
    else if (from !== undefined && from !== now) {
      problems.push(`line ${line}: ${id} is ${now}, neither ${from} nor ${to}`);
    } else if (!known.has(to) && !newLabels) {
      const near = nearestName(to, names);
      strange++;
      problems.push(`line ${line}: no image is labelled ${to}${near === undefined ? '' : `; ${near}?`}`);
    } else changes.push({ id, from: now, to });
  }
  if (problems.length === 0) return { changes, already: corrections.length - changes.length };
  const more = problems.length > shown ? [`and ${problems.length - shown} more`] : [];
  throw new UserError({
    what: `${problems.length} of ${corrections.length} corrections do not fit the labels: none was applied`,
    where,
    found: [...problems.slice(0, shown), ...more].join('\n'),
    expected: 'ids and labels of the table',
    fix:
      strange > 0
        ? 'correct or remove these lines; --new-labels takes labels that no image has yet'
        : 'correct or remove these lines, or create the list again from the current labels',
  });
}
