import { addAt, largestOf, takeFloats, takeInts } from '../numerics/arrays.kernel.ts';
import { type RandomState, randomState } from '../numerics/mt19937.kernel.ts';
import { countClasses } from '../rows/classes.ts';
import { lookUp, valueAt, valuesAt } from '../system/at.ts';
import { UserError, usageError } from '../system/errors.ts';
import { counted } from '../system/printable.ts';
import { checkSeed, type Split } from './split.ts';

/**
 * scikit-learn's `StratifiedKFold(k).split(X, labels)`, fold by fold and index for index; with a seed, its
 * `StratifiedKFold(k, shuffle=True, random_state=seed)`.
 *
 * A class with fewer rows than folds is missing from some test folds; scikit-learn warns about that.
 *
 * @throws UserError if every class has fewer than k rows
 */
export function stratifiedKFold(labels: Int32Array, k: number, seed?: number): Split[] {
  const random = startFolds(labels, k, seed);
  // Classes in order of their first row, as scikit-learn counts them.
  const encoding = new Map<number, number>();
  for (const label of labels) if (!encoding.has(label)) encoding.set(label, encoding.size);
  const encoded = labels.map((label) => lookUp(encoding, label));
  const sorted = encoded.toSorted();
  const foldOfRow = new Int32Array(labels.length);
  for (let c = 0; c < encoding.size; c++) {
    // Dealing the sorted rows round robin says how many of each class go to each fold.
    const allocation = new Int32Array(k);
    sorted.forEach((label, i) => {
      if (label === c) allocation[i % k] = valueAt(allocation, i % k) + 1;
    });
    const folds = Int32Array.from(Array.from(allocation).flatMap((count, fold) => new Array<number>(count).fill(fold)));
    if (random !== undefined) random.shuffle(folds);
    let next = 0;
    encoded.forEach((label, row) => {
      if (label === c) foldOfRow[row] = valueAt(folds, next++);
    });
  }
  return splitsOf(foldOfRow, k);
}

/**
 * scikit-learn 1.2's `StratifiedGroupKFold(k).split(X, labels, groups)`, index for index: rows of one group stay
 * together, classes are spread as evenly as that allows.
 *
 * @param groups group number per row, in the sorted order of the groups' names
 * @throws UserError if every class has fewer than k rows
 */
export function stratifiedGroupKFold(labels: Int32Array, groups: Int32Array, k: number, seed?: number): Split[] {
  const random = startFolds(labels, k, seed);
  const classCount = largestOf(labels, -1) + 1;
  const groupCount = largestOf(groups, -1) + 1;
  const totals = countClasses(labels, classCount);
  const present = Array.from(totals.keys()).filter((c) => valueAt(totals, c) > 0);
  const perGroup = Array.from({ length: groupCount }, () => new Float64Array(present.length));
  const column = new Map(present.map((c, i) => [c, i]));
  groups.forEach((group, row) => {
    const counts = valueAt(perGroup, group);
    const c = lookUp(column, valueAt(labels, row));
    addAt(counts, c, 1);
  });
  // scikit-learn shuffles the counts but not their groups; the folds only match if we do the same.
  const order = Int32Array.from(perGroup.keys());
  if (random !== undefined) random.shuffle(order);
  const counts = valuesAt(perGroup, order);
  const spread = counts.map(standardDeviation);
  const largestFirst = Array.from(counts.keys()).sort((a, b) => valueAt(spread, b) - valueAt(spread, a));

  const perFold = Array.from({ length: k }, () => new Float64Array(present.length));
  const foldOfGroup = new Int32Array(groupCount);
  for (const group of largestFirst) {
    const own = valueAt(counts, group);
    const fold = bestFold(perFold, own, takeFloats(totals, present));
    add(valueAt(perFold, fold), own, 1);
    foldOfGroup[group] = fold;
  }
  return splitsOf(takeInts(foldOfGroup, groups), k);
}

/**
 * scikit-learn's `GroupShuffleSplit(repeats, test_size=…, random_state=seed)`: whole groups are drawn for the test side.
 * `testSize` is a share of the groups, or how many of them.
 *
 * @throws UserError if a side would have no group
 */
export function groupShuffleSplit(
  groups: Int32Array,
  options: { readonly testSize: number; readonly seed: number; readonly repeats: number },
): Split[] {
  checkSeed(options.seed);
  const groupCount = largestOf(groups, -1) + 1;
  const { testSize } = options;
  const testCount = testSize < 1 ? Math.ceil(testSize * groupCount) : testSize;
  if (!(testCount >= 1 && testCount < groupCount && Number.isSafeInteger(testCount))) {
    throw new UserError({
      what: 'the groups cannot be split',
      where: `--test-size ${testSize}`,
      found: `${counted(groupCount, 'group')}`,
      expected: `1 to ${counted(groupCount - 1, 'group')} on the test side`,
      ...(groupCount > 1 ? { option: { name: 'test-size', value: '0.2' } } : { fix: 'name more groups' }),
    });
  }
  const random = randomState(options.seed);
  return Array.from({ length: options.repeats }, () => {
    const tested = new Set(random.permutation(groupCount).subarray(0, testCount));
    return splitWhere(groups.length, (row) => tested.has(valueAt(groups, row)));
  });
}

function startFolds(labels: Int32Array, k: number, seed: number | undefined): RandomState | undefined {
  if (!Number.isSafeInteger(k) || k < 2) throw usageError('--cv', String(k), 'a whole number from 2');
  const largest = largestOf(countClasses(labels, largestOf(labels) + 1));
  if (k > largest) {
    throw new UserError({
      what: 'there are more folds than rows of any class',
      where: `--cv ${k}`,
      found: `at most ${counted(largest, 'training row')} of a class`,
      expected: `2 to ${counted(Math.max(2, largest), 'fold')}`,
      fix: largest >= 2 ? `--cv ${largest}` : 'add images',
    });
  }
  if (seed === undefined) return undefined;
  checkSeed(seed);
  return randomState(seed);
}

function splitsOf(foldOfRow: Int32Array, k: number): Split[] {
  return Array.from({ length: k }, (_, fold) => splitWhere(foldOfRow.length, (row) => foldOfRow[row] === fold));
}

function splitWhere(rowCount: number, isTest: (row: number) => boolean): Split {
  const rows = Array.from({ length: rowCount }, (_, row) => row);
  return {
    train: Int32Array.from(rows.filter((row) => !isTest(row))),
    test: Int32Array.from(rows.filter(isTest)),
  };
}

/** The fold for a group that minimizes the mean, over the classes, of the standard deviation between the folds. */
function bestFold(perFold: readonly Float64Array[], own: Float64Array, totals: Float64Array): number {
  let best = 0;
  let [bestValue, bestRows] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  perFold.forEach((counts, fold) => {
    add(counts, own, 1);
    const value = numpySum(totals.map((total, c) => deviationOver(perFold, c, total))) / totals.length;
    add(counts, own, -1);
    const rows = counts.reduce((sum, count) => sum + count, 0);
    // Tolerances of numpy.isclose.
    const close =
      Math.abs(value - bestValue) <= 1e-8 + 1e-5 * Math.abs(bestValue) && bestValue < Number.POSITIVE_INFINITY;
    if (value < bestValue || (close && rows < bestRows)) [best, bestValue, bestRows] = [fold, value, rows];
  });
  return best;
}

function deviationOver(perFold: readonly Float64Array[], c: number, total: number): number {
  const shares = perFold.map((counts) => valueAt(counts, c) / total);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) * (share - mean), 0) / shares.length);
}

function standardDeviation(values: Float64Array): number {
  const mean = numpySum(values) / values.length;
  return Math.sqrt(numpySum(values.map((value) => (value - mean) * (value - mean))) / values.length);
}

function add(target: Float64Array, values: Float64Array, factor: number): void {
  values.forEach((value, i) => {
    addAt(target, i, factor * value);
  });
}

/** Sums in NumPy's order (pairwise, eight at a time), so that ties are the same. */
function numpySum(values: Float64Array): number {
  const n = values.length;
  if (n < 8) return values.reduce((sum, value) => sum + value, 0);
  if (n > 128) {
    const half = Math.floor(n / 2);
    const cut = half - (half % 8);
    return numpySum(values.subarray(0, cut)) + numpySum(values.subarray(cut));
  }
  const sums = values.slice(0, 8);
  const whole = n - (n % 8);
  for (let i = 8; i < whole; i++) sums[i % 8] = valueAt(sums, i % 8) + valueAt(values, i);
  const [a, b, c, d, e, f, g, h] = sums as unknown as [number, number, number, number, number, number, number, number];
  return values.subarray(whole).reduce((sum, value) => sum + value, a + b + (c + d) + (e + f + (g + h)));
}
