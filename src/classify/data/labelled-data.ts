import { createHash } from 'node:crypto';
import { isRandom } from '../../features/manifest/manifest.ts';
import type { FeatureSet, JoinedLabels } from '../../features/reader.ts';
import { takeUints } from '../../numerics/arrays.kernel.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { compareCodePoints, encodeLabels } from '../../rows/classes.ts';
import { checkFinite } from '../../rows/finite.ts';
import { RowReader } from '../../rows/row-reader.ts';
import { isStored, loadRows, type RowSource, type StoredRows, storedRows } from '../../rows/row-source.ts';
import { valueAt, valuesAt } from '../../system/at.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { nearestName } from '../../system/nearest.ts';
import { counted } from '../../system/printable.ts';
import type { Report } from '../result/report.ts';
import { type AskedColumns, byId, columnsOf } from './label-columns.ts';
import type { LabelsFile } from './labels-file.ts';
import { describeSmallClasses, type SmallClasses, withoutSmallClasses } from './small-classes.ts';

/** The data of a run: rows in the labels' order, in memory or on disk. */
export interface LabelledData<F extends RowSource = Matrix> {
  readonly ids: readonly string[];
  /** The plain row of each id, followed by the views, grouped by id: [ids x (1 + viewsPerImage), dims] */
  readonly features: F;
  /** Class number per id. */
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** Number of augmented views to train on, per image. */
  readonly viewsPerImage: number;
  readonly sampleWeights?: Float64Array;
  /** Group number per id, without gaps, in the sorted order of the groups' names. */
  readonly groups?: Int32Array | undefined;
  /** How the groups were made; absent if they come from a column, or there are none. */
  readonly grouping?: Report['grouping'];
  /** Part of the data folder's own split per id: train, val or test, '' for none. Absent if it has none. */
  readonly parts?: readonly string[] | undefined;
  /** Classes left out by `minImages`; absent if there are none. */
  readonly smallClasses?: SmallClasses | undefined;
  /** Fingerprint of the feature set; for external features, the sha256 of its bytes. */
  readonly fingerprint: string;
  /** sha256 over the sha256 of each id's image, in the ids' order; absent if the images are not known. */
  readonly imagesSha256?: string | undefined;
  /** With several feature sets: the images left out. */
  readonly joined?: Report['joined'];
  readonly featureSet: Report['featureSet'];
  readonly warnings: readonly string[];
}

export interface RowOptions extends AskedColumns {
  readonly leaveOut?: readonly string[];
  readonly minImages?: number | undefined;
}

export interface JoinOptions extends RowOptions {
  /** Default: the labels kept in the feature set. */
  readonly labels?: LabelsFile | undefined;
  /** Largest share of inputs that may have no row. */
  readonly maxMissing: number;
  /** Ignore the set's augmented views. */
  readonly withoutViews?: boolean;
  /** Which labelled images to take, by sha256; default: all. */
  readonly isTaken?: (sha256: string) => boolean;
}

/**
 * Joins a feature set with labels; the features stay on disk.
 *
 * Inputs that extraction could not read, and ids of an external labels file without an input, count towards
 * `maxMissing`. Files missing at extraction do not count: extraction only skips them on request.
 *
 * @throws UserError if no image has a label, or more than `maxMissing` of the inputs have no row
 */
export function joinRows(set: FeatureSet, options: JoinOptions): LabelledData<StoredRows> {
  const joined = set.labelled(options.labels?.labels);
  if (joined.ids.length === 0) throw noLabels(set, options.labels?.labels);
  const known = new Set(set.outcomes.map(({ id }) => id));
  const strays = options.labels === undefined ? 0 : joined.withoutRow.filter((id) => !known.has(id)).length;
  checkMissing(set, strays, options.maxMissing);

  const { isTaken } = options;
  const wanted = keptRows(joined.labels, options.leaveOut);
  const { rows: kept, small } = withoutSmallClasses(
    isTaken === undefined ? wanted : wanted.filter((i) => isTaken(set.sha256OfRow(valueAt(joined.rows, i)))),
    joined.labels,
    options.minImages,
  );
  const { splits } = set;
  const rows = takeUints(joined.rows, kept);
  const ids = valuesAt(joined.ids, kept);
  return {
    ids,
    imagesSha256: hashImages(Array.from(rows, (row) => set.sha256OfRow(row))),
    ...encodeLabels(valuesAt(joined.labels, kept)),
    ...(options.labels === undefined ? {} : columnsOf(byId(options.labels, ids), options)),
    parts: splits === undefined ? undefined : ids.map((id) => splits.get(id) ?? ''),
    smallClasses: small,
    ...rowsOfSet(set, rows, options, strays),
    warnings: [...joinWarnings(set, joined), ...(small === undefined ? [] : [describeSmallClasses(small)])],
  };
}

/** The fields of the data that depend on the feature set and not on the images alone. */
type SetRows = Pick<LabelledData<StoredRows>, 'features' | 'viewsPerImage' | 'fingerprint' | 'featureSet'>;

/**
 * @param rows plain row of each id
 * @param strays ids of an external labels file without an input
 */
export function rowsOfSet(
  set: FeatureSet,
  rows: Uint32Array,
  { withoutViews }: Pick<JoinOptions, 'withoutViews'>,
  strays = 0,
): SetRows {
  const { manifest } = set;
  const viewsPerImage = withoutViews === true ? 0 : set.rowsPerImage - 1;
  return {
    features: storedRows(new RowReader(set.rowStore()), viewsPerImage === 0 ? rows : withViewRows(set, rows)),
    viewsPerImage,
    fingerprint: manifest.fingerprint,
    featureSet: {
      folder: set.folder,
      rowCount: manifest.rowCount,
      dims: set.dims,
      weights: manifest.madeBy.weights,
      randomWeights: isRandom(manifest.madeBy),
      missing: missingByReason(set, strays),
      fields: manifest.fields,
      madeBy: manifest.madeBy,
      rowShape: manifest.rowShape,
    },
  };
}

function hashImages(sha256s: readonly string[]): string {
  return createHash('sha256').update(sha256s.join('\n')).digest('hex');
}

/**
 * Joins a feature set with labels and loads the rows.
 *
 * @throws UserError as `joinRows`, and if a feature is not finite or the features do not fit in memory
 */
export async function joinLabels(set: FeatureSet, options: JoinOptions): Promise<LabelledData> {
  return readIntoMemory(joinRows(set, options));
}

/** The same data with its features in memory. @throws UserError if one is not finite, or they do not fit */
export async function readIntoMemory(data: LabelledData<RowSource>): Promise<LabelledData> {
  const { features } = data;
  const matrix = await loadRows(features);
  if (isStored(features))
    checkFinite(matrix, (row, column) => placeOf(features.reader.store.where, nameOfRow(data, row), column));
  return { ...data, features: matrix };
}

/** Name of a row of the features in messages. */
export function nameOfRow({ ids, viewsPerImage }: LabelledData<RowSource>, row: number): string {
  return ids[row] ?? `a view of ${ids[Math.floor((row - ids.length) / viewsPerImage)]}`;
}

/** A feature in messages. */
export function placeOf(where: string, row: string, column: number): string {
  return `${where}, ${row}, column ${column}`;
}

/** Indices of the rows whose class is kept. @throws a usage UserError for a class without rows */
export function keptRows(names: readonly string[], leaveOut: readonly string[] = []): Uint32Array {
  const left = new Set(leaveOut);
  const there = new Set(names);
  for (const name of left) {
    if (there.has(name)) continue;
    const shown = [...there].sort(compareCodePoints).slice(0, 10).join(', ');
    throw usageError(
      '--leave-out',
      name,
      `one of ${counted(there.size, 'class')}: ${shown}${there.size > 10 ? ' …' : ''}`,
      { value: nearestName(name, [...there]) ?? null },
    );
  }
  return Uint32Array.from(names.keys()).filter((i) => !left.has(valueAt(names, i)));
}

export function checkMissing(set: FeatureSet, strays: number, maxMissing: number): void {
  const { counts } = set.manifest;
  const lost = counts.unreadable + counts.failed + strays;
  const inputs = counts.total + strays;
  if (lost <= maxMissing * inputs) return;
  throw new UserError({
    what: `${lost} of ${counted(inputs, 'input')} gave no row`,
    where: set.folder,
    found: `${counts.unreadable} unreadable, ${counts.failed} failed, ${counted(strays, 'label')} without a row`,
    expected: `at most ${100 * maxMissing} %`,
    fix: `see outcomes.csv there; to continue without them: --max-missing ${Math.ceil((1000 * lost) / inputs) / 1000}`,
  });
}

function withViewRows(set: FeatureSet, rows: Uint32Array): Uint32Array {
  const all = new Uint32Array(rows.length * set.rowsPerImage);
  all.set(rows);
  for (const [i, row] of rows.entries()) all.set(set.viewRows(row), rows.length + i * (set.rowsPerImage - 1));
  return all;
}

function missingByReason(set: FeatureSet, strays: number): Readonly<Record<string, number>> {
  const { missing, unreadable, failed } = set.manifest.counts;
  const reasons = { missing, unreadable, failed, 'label without a row': strays };
  return Object.fromEntries(Object.entries(reasons).filter(([, count]) => count > 0));
}

export const randomWarning = 'random backbone weights: accuracies say nothing about pretrained features';

function joinWarnings(set: FeatureSet, joined: JoinedLabels): string[] {
  const { rows } = joined;
  const warnings: string[] = [];
  if (isRandom(set.manifest.madeBy)) warnings.push(randomWarning);
  const distinct = new Set(rows).size;
  if (set.imageCount > distinct) {
    warnings.push(`${counted(set.imageCount - distinct, 'image')} with a row but without a label: left out`);
  }
  if (rows.length > distinct) {
    const copies = rows.length - distinct;
    warnings.push(
      `${counted(copies, 'exact copy')} of other labelled images: one may be in the test set and its twin in the training set`,
    );
  }
  const contradictions = copiesOfAnotherLabel(joined);
  if (contradictions.length > 0) {
    const shown = contradictions.slice(0, 3).join('; ');
    const more = contradictions.length > 3 ? '; …' : '';
    warnings.push(`${counted(contradictions.length, 'exact copy')} with another label than the twin: ${shown}${more}`);
  }
  return warnings;
}

/** Contradicting labels of byte-identical images, as `b: cat, but a: dog`. */
function copiesOfAnotherLabel({ ids, labels, rows }: JoinedLabels): string[] {
  const first = new Map<number, number>();
  const found: string[] = [];
  for (const [i, row] of rows.entries()) {
    const twin = first.get(row);
    if (twin === undefined) first.set(row, i);
    else if (labels[twin] !== labels[i]) found.push(`${ids[i]}: ${labels[i]}, but ${ids[twin]}: ${labels[twin]}`);
  }
  return found;
}

/** @param table labels of a table, if one was given */
function noLabels(set: FeatureSet, table: ReadonlyMap<string, string> | undefined): UserError {
  const labels = table ?? set.labels;
  const like = (id: string | undefined): string => (id === undefined ? '' : ` (${id}, …)`);
  const [first] = labels.keys();
  return new UserError({
    what: 'no row of the feature set has a label',
    where: set.folder,
    found: `${counted(set.imageCount, 'image')}${like(set.ids[0])}, ${counted(labels.size, 'label')}${like(first)}, none for the same id`,
    expected: 'a label for at least two images of each class: --labels FILE, a table with the header id,label',
    // The set's own labels fit it.
    option: { name: 'labels', value: table !== undefined && set.labels.size > 0 ? null : 'labels.csv' },
  });
}
