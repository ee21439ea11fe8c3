import { conformalScores } from '../../../metrics/conformal.kernel.ts';
import { addAt } from '../../../numerics/arrays.kernel.ts';
import type { Matrix } from '../../../numerics/matrix.ts';
import { evenlySpaced } from '../../../rows/table.ts';
import { pauseForInterrupt } from '../../../system/interrupt.ts';
import { likeliestInverse, logInPlace } from '../../calibration/temperature.kernel.ts';
import type { Temperature } from '../../model.ts';
import { addLeafShares, type ForestArrays } from './forest.kernel.ts';
import { drawBag } from './trees.kernel.ts';

interface OutOfBagTable {
  readonly features: Matrix;
  readonly labels: Int32Array;
  readonly classCount: number;
  readonly weights: Float64Array | null;
}

/** Trees with their bags: per tree and row, non-zero if the row was in the bag; null to use all trees. */
export interface BaggedTrees {
  readonly forest: ForestArrays;
  readonly inBag: readonly Uint8Array[] | null;
}

/** Trees sufficient for `outOfBagTemperature`: each row is out-of-bag for 110 of them. */
export const enoughTrees = 300;

/** Fewest trees for a reliable temperature; a smaller forest grows extra trees. */
export const fewestTrees = 120;

/** Rows used for the temperature: enough for one parameter, to limit the memory for votes. */
const mostRows = 5000;

/** Peak memory of `outOfBagTemperature`: the votes of both halves, and their logarithms. */
export function temperatureBytes(rowCount: number, classCount: number): number {
  return 3 * 4 * Math.min(rowCount, mostRows) * classCount;
}

/** Rows per block, so that they stay in the cache for all trees. */
const rowBlock = 64;

/** Trees 0, 1, 2 … of a seed with their bags. */
export function withBags(forest: ForestArrays, rowCount: number, seed: number): BaggedTrees {
  const drawCount = new Int32Array(rowCount);
  const inBag = Array.from(forest.root, (_, tree) => {
    drawBag(seed, tree, drawCount);
    return Uint8Array.from(drawCount, (count) => (count > 0 ? 1 : 0));
  });
  return { forest, inBag };
}

/** Out-of-bag accuracy; null if no row is out-of-bag. */
export async function scoreOutOfBag(
  trees: BaggedTrees,
  table: OutOfBagTable,
  signal: AbortSignal | undefined,
): Promise<{ accuracy: number; rows: number } | null> {
  const rows = Int32Array.from(table.labels.keys());
  let judgedRows = 0;
  let right = 0;
  await sumVotes(trees, table, rows, signal, (place, votes, treeCount) => {
    if (treeCount === 0) return;
    judgedRows++;
    if (votes.indexOf(Math.max(...votes)) === table.labels[rows[place]!]) right++;
  });
  return judgedRows === 0 ? null : { accuracy: right / judgedRows, rows: judgedRows };
}

/**
 * The temperature of a forest of `treeCount` trees: rows are judged by the trees that did not see them. Such votes are flatter
 * than those on a new row for two reasons, which are corrected.
 *
 * - Bags without a row contain fewer rows of its class: its share is multiplied by the class's weight with and without it.
 * - Fewer trees vote. The inverse temperature grows about evenly per doubling (measured): the step from each half of the
 *   trees to both is extrapolated to `treeCount`.
 *
 * @param halves two halves of the trees, those of the forest and extra ones
 * @param judged weight of each row for the temperature
 * @returns no rows, and an inverse temperature of 1, if none can be judged
 */
export async function outOfBagTemperature(
  halves: readonly [BaggedTrees, BaggedTrees],
  table: OutOfBagTable,
  judged: Float64Array | null,
  treeCount: number,
  signal: AbortSignal | undefined,
): Promise<Temperature> {
  const { labels, classCount, weights } = table;
  const weightOf = (row: number): number => weights?.[row] ?? 1;
  const classWeights = new Float64Array(classCount);
  for (const [row, label] of labels.entries()) addAt(classWeights, label, weightOf(row));
  /** The only row of a class cannot be predicted out-of-bag. */
  const foreseeable = Int32Array.from(labels.keys()).filter(
    (row) => weightOf(row) > 0 && weightOf(row) < classWeights[labels[row]!]!,
  );
  const rows = evenlySpaced(foreseeable, mostRows);
  const sums = [0, 1].map(() => new Float32Array(rows.length * classCount)) as [Float32Array, Float32Array];
  const counts = [0, 1].map(() => new Int32Array(rows.length)) as [Int32Array, Int32Array];
  for (const half of [0, 1] as const) {
    await sumVotes(halves[half], table, rows, signal, (place, votes, voters) => {
      sums[half].set(votes, place * classCount);
      counts[half][place] = voters;
    });
  }
  // The same rows for all three: those that are out-of-bag in both halves.
  const places = Int32Array.from(rows.keys()).filter((place) => counts[0][place]! > 0 && counts[1][place]! > 0);
  if (places.length === 0) return { inverse: 1, rows: 0 };

  const placeLabels = Int32Array.from(places, (place) => labels[rows[place]!]!);
  const placeWeights = judged === null ? undefined : Float64Array.from(places, (place) => judged[rows[place]!]!);
  const logs = new Float32Array(places.length * classCount);
  const inverseOf = async (votes: readonly Float32Array[]): Promise<number> => {
    await pauseForInterrupt(signal);
    places.forEach((place, i) => {
      const own = logs.subarray(i * classCount, (i + 1) * classCount).fill(0);
      for (const one of votes) {
        for (let c = 0, from = place * classCount; c < classCount; c++, from++) own[c] = own[c]! + one[from]!;
      }
      const label = placeLabels[i]!;
      own[label] = (own[label]! * classWeights[label]!) / (classWeights[label]! - weightOf(rows[place]!));
    });
    logInPlace(logs);
    return likeliestInverse(logs, classCount, placeLabels, placeWeights);
  };
  const byHalf = ((await inverseOf([sums[0]])) + (await inverseOf([sums[1]]))) / 2;
  const byAll = await inverseOf(sums);
  const voters = places.reduce((sum, place) => sum + counts[0][place]! + counts[1][place]!, 0) / places.length;
  const extrapolated = byAll + (byAll - byHalf) * Math.log2(treeCount / voters);
  const inverse = Math.min(2 * byAll, Math.max(byAll / 2, extrapolated));
  return { inverse, rows: places.length, scores: conformalScores(logs, classCount, placeLabels, inverse) };
}

/** Sums the leaf shares of each row over the trees for which it is out-of-bag, or over all trees. */
export async function sumVotes(
  { forest, inBag }: BaggedTrees,
  { features, classCount }: Pick<OutOfBagTable, 'features' | 'classCount'>,
  rows: Int32Array,
  signal: AbortSignal | undefined,
  take: (place: number, votes: Float64Array, treeCount: number) => void,
): Promise<void> {
  const sums = new Float64Array(rowBlock * classCount);
  const treeCounts = new Int32Array(rowBlock);
  for (let first = 0; first < rows.length; first += rowBlock) {
    const block = rows.subarray(first, first + rowBlock);
    sums.fill(0);
    treeCounts.fill(0);
    addLeafShares(forest, features.data, features.columnCount, block, classCount, sums, inBag, treeCounts);
    for (let i = 0; i < block.length; i++) {
      take(first + i, sums.subarray(i * classCount, (i + 1) * classCount), treeCounts[i]!);
    }
    if (first % (rowBlock * 16) === 0) await pauseForInterrupt(signal);
  }
}
