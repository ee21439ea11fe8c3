import type { Matrix } from '../../numerics/matrix.ts';
import { type Copies, findCopies } from '../../rows/alike/copies.ts';
import { comparedBlockRows } from '../../rows/alike/neighbours.ts';
import { isStored, loadRows, type RowSource, takeRows } from '../../rows/row-source.ts';
import { evenPart } from '../../rows/table.ts';
import type { Split } from '../../split/split.ts';
import { valueAt } from '../../system/at.ts';
import { usageError } from '../../system/errors.ts';
import type { LabelledData } from '../data/labelled-data.ts';
import type { Prediction } from '../result/predictions.ts';
import type { CopiesFound } from '../result/report.ts';

/** Images that every run compares with each other: the time grows with their square, about two seconds for so many. */
const mostCompared = 10_000;
/** Bytes of their features, which are read once more for that. */
const mostBytes = 100e6;

/** `--groups near-copies`, in the place of a column of the labels file. */
export const nearCopies = 'near-copies';

/** The labelled images that were compared, and which of them are copies. */
interface ComparedImages extends Copies {
  /** Place of each among the labelled images. */
  readonly places: Int32Array;
  readonly of: number;
}

/** Compares the features of all images, or of an even part of them where there are many. */
export async function compareImages(data: LabelledData<RowSource>, signal?: AbortSignal): Promise<ComparedImages> {
  const most = Math.min(mostCompared, Math.floor(mostBytes / (4 * data.features.columnCount)));
  const places = evenPart(Int32Array.from(data.ids.keys()), most);
  return { ...(await findCopies(await plainRows(data, places), signal)), places, of: data.ids.length };
}

/**
 * The same images with each cluster of copies as a group, so that every split keeps it on one side.
 *
 * @param tables of the same images in the same order, one for each feature set; the first one's features are compared
 * @throws a usage UserError if the labels file gives groups, too
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
 * Bytes that `groupedByCopies` takes at most: all rows, once more those of them that have a copy, and the similarities of
 * a block of rows with all others, as ONNX Runtime gives them and as they are kept.
 */
export function copiesBytes(rowCount: number, columnCount: number): number {
  return 4 * rowCount * (2 * columnCount + 2 * comparedBlockRows);
}

/** A copy of the plain rows of some images in memory. */
async function plainRows({ features }: LabelledData<RowSource>, places: Int32Array): Promise<Matrix> {
  const rows = takeRows(features, places);
  return isStored(rows) ? loadRows(rows) : rows;
}

function imagesInClusters(sizes: Int32Array): number {
  return sizes.reduce((sum, size) => sum + (size > 1 ? size : 0), 0);
}

/**
 * What copies on the other side of the split do to the accuracy: that of the test images without a copy among the
 * training images of their repeat, beside that of all.
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

/** What a head answered on test images of which some have a copy in training. */
export interface CopiesTested {
  readonly model: string;
  readonly accuracy: number;
  /** Undefined if nothing was compared. */
  readonly copies?: CopiesFound | undefined;
  readonly perRepeat: readonly { readonly test: ArrayLike<number> }[];
}

/**
 * What a user has to know of copies, where any test image has one in training: once for all heads of one split.
 *
 * @param heads of the same splits of the same images
 */
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
  return `${acrossSplit} of ${tested} test images ${are}, exact or nearly, of training images: ${without}; --groups near-copies keeps copies on one side`;
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
