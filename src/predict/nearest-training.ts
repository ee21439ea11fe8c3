import { takeInts } from '../numerics/arrays.kernel.ts';
import { multiplyTransposed } from '../numerics/matmul.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { keepNearest } from '../numerics/nearest.kernel.ts';
import { evenlySpaced } from '../rows/table.ts';
import { foldsForCalibration } from '../split/inner-folds.ts';
import { valueAt } from '../system/at.ts';

interface NearestRows {
  /** Rows of the bank, most similar first, -1 if there are fewer: [queries, count] */
  readonly nearest: Int32Array;
  /** Cosines: [queries, count] */
  readonly similarity: Float32Array;
}

/** Query rows per block of similarities with the whole bank. */
const blockRows = 256;

/**
 * The nearest rows of a bank by cosine similarity.
 *
 * @param queries unit rows, like the bank's
 * @param folds fold numbers per query and per bank row: rows of a query's own fold are skipped
 */
export async function nearestRows(
  queries: Matrix,
  bank: Matrix,
  count: number,
  threads: number,
  folds?: { readonly queries: Int32Array; readonly bank: Int32Array },
): Promise<NearestRows> {
  const { columnCount } = queries;
  const nearest = new Int32Array(queries.rowCount * count);
  const similarity = new Float32Array(queries.rowCount * count);
  for (let first = 0; first < queries.rowCount; first += blockRows) {
    const end = Math.min(queries.rowCount, first + blockRows);
    const data = queries.data.subarray(first * columnCount, end * columnCount);
    const block = await multiplyTransposed({ rowCount: end - first, columnCount, data }, bank, { threads });
    keepNearest(
      block.data,
      bank.rowCount,
      count,
      folds?.queries.subarray(first, end),
      folds?.bank,
      nearest.subarray(first * count, end * count),
      similarity.subarray(first * count, end * count),
    );
  }
  return { nearest, similarity };
}

/** k of the k-th nearest neighbour: small, since some classes have few photos. */
export const usualNeighbour = 5;
/** Share of the training photos beyond the threshold. */
const markedShare = 0.05;
const foldCount = 5;
/** Rows used for the threshold, which then varies by half a percent of the photos. */
const mostJudged = 2000;

/**
 * The cosine distance to the k-th nearest training row (Sun, Ming, Zhu and Li, 2022, "Out-of-Distribution Detection
 * with Deep Nearest Neighbors") above which a photo is unlike the training photos: the 95th percentile over the
 * training rows, by five-fold stratified cross-validation.
 *
 * @param bank rows of length 1
 * @returns undefined if there are too few rows for cross-validation
 */
export async function unlikeThreshold(
  bank: Matrix,
  { labels, classes }: { readonly labels: Int32Array; readonly classes: readonly string[] },
  k: number,
  threads: number,
): Promise<number | undefined> {
  const folds = foldsForCalibration({ labels, classes }, foldCount);
  if (folds.length < 2) return undefined;
  const foldOf = new Int32Array(bank.rowCount);
  folds.forEach(({ test }, fold) => {
    for (const row of test) foldOf[row] = fold;
  });
  const judged = evenlySpaced(Int32Array.from(foldOf.keys()), mostJudged);
  const { columnCount } = bank;
  const data = new Float32Array(judged.length * columnCount);
  judged.forEach((row, i) => {
    data.set(bank.data.subarray(row * columnCount, (row + 1) * columnCount), i * columnCount);
  });
  const queries = { rowCount: judged.length, columnCount, data };
  const own = { queries: takeInts(foldOf, judged), bank: foldOf };
  const found = await nearestRows(queries, bank, k, threads, own);
  const distances = kthDistances(found, k).filter(Number.isFinite).sort();
  return distances.at(Math.ceil((1 - markedShare) * distances.length) - 1);
}

/** Cosine distance to the k-th nearest row; infinite if there are fewer. */
export function kthDistances({ nearest, similarity }: NearestRows, k: number): Float64Array {
  const count = nearest.length / k;
  return Float64Array.from({ length: count }, (_, query) => {
    const at = query * k + k - 1;
    return nearest[at] === -1 ? Number.POSITIVE_INFINITY : 1 - valueAt(similarity, at);
  });
}
