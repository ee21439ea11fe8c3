import type { Matrix } from '../../numerics/matrix.ts';
import { type Copies, findCopies } from '../../rows/alike/copies.ts';
import { comparedBlockRows } from '../../rows/alike/neighbours.ts';
import { isStored, loadRows, type RowSource, takeRows } from '../../rows/row-source.ts';
import { evenlySpaced } from '../../rows/table.ts';
import type { Split } from '../../split/split.ts';
import { valueAt } from '../../system/at.ts';
import { formatBytes } from '../../system/durable.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';
import type { LabelledData } from '../data/labelled-data.ts';
import { availableMemory } from '../memory/available.ts';
import type { ClassifyValues } from '../options.ts';
import type { Prediction } from '../result/predictions.ts';
import type { CopiesFound } from '../result/report.ts';

/** Images that every run compares with each other: quadratic in time, about two seconds for this number. */
const mostCompared = 10_000;
/** Limit on the bytes of their features, which are read once more. */
const mostBytes = 100e6;

/** Value of `--groups` in place of a column of the labels file. */
export const nearCopies = 'near-copies';

/** The labelled images that were compared, and which of them are copies. */
interface ComparedImages extends Copies {
  /** Index of each among the labelled images. */
  readonly places: Int32Array;
  readonly of: number;
}

/** Compares the features of all images, or of an evenly spaced subset if there are many. */
export async function compareImages(data: LabelledData<RowSource>, signal?: AbortSignal): Promise<ComparedImages> {
  const most = Math.min(mostCompared, Math.floor(mostBytes / (4 * data.features.columnCount)));
  const places = evenlySpaced(Int32Array.from(data.ids.keys()), most);
  return { ...(await findCopies(await plainRows(data, places), signal)), places, of: data.ids.length };
}

/**
 * The same images with each cluster of copies as a group, so that every split keeps it on one side.
 *
 * @param tables of the same images in the same order, one per feature set; the features of the first are compared
 * @throws a usage UserError if the labels file also gives groups
 */
export async function groupedByCopies(
  tables: readonly LabelledData<RowSource>[],
  signal?: AbortSignal,
): Promise<readonly LabelledData<RowSource>[]> {
  const first = valueAt(tables, 0);
  if (first.groups !== undefined) throw usageError('--groups', 'a column and near-copies', 'one of the two');
  const { clusterOf, sizes } = await findCopies(await plainRows(first, Int32Array.from(first.ids.keys())), signal);
  return tables.map((table) => ({
    ...table,
    groups: clusterOf,
    grouping: { by: nearCopies, groups: sizes.length, images: imagesInClusters(sizes) },
  }));
}

/**
 * Peak bytes of `groupedByCopies`: all rows, a second copy of those with a near copy, and two arrays of the
 * similarities between a block of rows and all others.
 */
export function copiesBytes(rowCount: number, columnCount: number): number {
  return 4 * rowCount * (2 * columnCount + 2 * comparedBlockRows);
}

/** The column of the groups; undefined for `near-copies` or no groups. */
export function groupsColumn({ groups }: Pick<ClassifyValues, 'groups'>): string | undefined {
  return groups === nearCopies ? undefined : groups;
}

/** @throws UserError if a comparison of all rows exceeds the memory budget of `--stream` */
function checkRoom(bytes: number, budget: number): void {
  if (bytes <= budget) return;
  throw new UserError({
    what: '--groups near-copies compares every row with every other, and they do not fit the memory',
    where: '--stream',
    found: `${formatBytes(budget)} to use`,
    expected: `${formatBytes(bytes)}; a column of --labels that names the groups needs none of it`,
    option: { name: 'memory', value: `${Math.ceil(bytes / 1e6)}MB` },
    exitCode: 2,
  });
}

/** With `--groups near-copies`, the tables with clusters of copies as groups; else unchanged. */
export async function withGroups(
  tables: readonly LabelledData<RowSource>[],
  { groups: asked, stream, memory }: Pick<ClassifyValues, 'groups' | 'stream' | 'memory'>,
  note: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<readonly LabelledData<RowSource>[]> {
  if (asked !== nearCopies) return tables;
  const { features } = valueAt(tables, 0);
  if (stream) checkRoom(copiesBytes(features.rowCount, features.columnCount), memory ?? availableMemory() / 2);
  const grouped = await groupedByCopies(tables, signal);
  const { groups = 0, images = 0 } = grouped[0]?.grouping ?? {};
  note(
    `${images} images are copies of others, exact or nearly: each stays on the side of its copies, ${counted(groups, 'group')} in all`,
  );
  return grouped;
}

async function plainRows({ features }: LabelledData<RowSource>, places: Int32Array): Promise<Matrix> {
  const rows = takeRows(features, places);
  return isStored(rows) ? loadRows(rows) : rows;
}

function imagesInClusters(sizes: Int32Array): number {
  return sizes.reduce((sum, size) => sum + (size > 1 ? size : 0), 0);
}

/**
 * How much copies across the split inflate the accuracy: the accuracy on test images without a copy among the training
 * images of their repeat.
 *
 * @param predictions of the test rows of each split, in their order
 */
export function copiesFound(
  { clusterOf, sizes, distance, places, of }: ComparedImages,
  splits: readonly Split[],
  predictions: Iterable<Prediction>,
): CopiesFound {
  const clusterAt = new Map(Array.from(places, (place, i) => [place, valueAt(clusterOf, i)]));
  const accuracies: number[] = [];
  let acrossSplit = 0;
  const answers = predictions[Symbol.iterator]();
  for (const { train, test } of splits) {
    const trained = new Set(Array.from(train, (row) => clusterAt.get(row)));
    let [right, counted] = [0, 0];
    for (const row of test) {
      const { value } = answers.next() as { value: Prediction };
      const cluster = clusterAt.get(row);
      if (cluster !== undefined && trained.has(cluster)) acrossSplit++;
      else {
        counted++;
        if (value.predictedClass === value.trueClass) right++;
      }
    }
    if (counted > 0) accuracies.push(right / counted);
  }
  const sum = accuracies.reduce((total, accuracy) => total + accuracy, 0);
  return {
    compared: places.length,
    of,
    distance: Math.max(0, distance),
    clusters: sizes.filter((size) => size > 1).length,
    images: imagesInClusters(sizes),
    acrossSplit,
    ...(accuracies.length === 0 ? {} : { accuracyWithout: sum / accuracies.length }),
  };
}

interface CopiesTested {
  readonly model: string;
  readonly accuracy: number;
  readonly copies?: CopiesFound | undefined;
  readonly perRepeat: readonly { readonly test: ArrayLike<number> }[];
}

/** The warning about test images that have a copy among the training images, once for all heads of a split. */
export function describeCopies(heads: readonly CopiesTested[]): string | undefined {
  const { copies, perRepeat } = valueAt(heads, 0);
  if (copies === undefined || copies.acrossSplit === 0) return undefined;
  const { acrossSplit, accuracyWithout } = copies;
  const tested = perRepeat.reduce((sum, { test }) => sum + test.length, 0);
  const [are, them] = acrossSplit === 1 ? ['is a copy', 'it'] : ['are copies', 'them'];
  const without =
    accuracyWithout === undefined
      ? 'no other test image is left'
      : `without ${them} ${listed(heads.map((head) => withAndWithout(head, them, heads.length > 1)))}`;
  return `${acrossSplit} of ${counted(tested, 'test image')} ${are}, exact or nearly, of training images: ${without}; --groups near-copies keeps copies on one side`;
}

function withAndWithout({ model, accuracy, copies }: CopiesTested, them: string, several: boolean): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const without = percent(copies?.accuracyWithout ?? Number.NaN);
  return several
    ? `${model} ${without} (with ${them} ${percent(accuracy)})`
    : `accuracy is ${without}, with ${them} ${percent(accuracy)}`;
}

function listed([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `accuracy is: ${[first, ...others].join(', ')}`;
}
