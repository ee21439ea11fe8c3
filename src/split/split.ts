import { addAt } from '../numerics/arrays.kernel.ts';
import { type RandomState, randomState } from '../numerics/mt19937.kernel.ts';
import { countClasses } from '../rows/classes.ts';
import { valueAt } from '../system/at.ts';
import { UserError, usageError } from '../system/errors.ts';
import { counted } from '../system/printable.ts';

/** Row numbers of one split, in the order in which scikit-learn gives them. */
export interface Split {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

export interface ShuffleSplitOptions {
  /** A fraction in (0, 1), or a whole number of rows. */
  readonly testSize: number;
  /** NumPy's `random_state`: a whole number in [0, 2^32). */
  readonly seed: number;
  readonly repeats: number;
}

/**
 * scikit-learn's `StratifiedShuffleSplit(repeats, test_size=…, random_state=seed).split(X, labels)`, index for index.
 *
 * @param classes class names, for messages; every class has at least one row
 * @throws UserError if a class has only one row, or a side would have fewer rows than classes
 */
export function stratifiedShuffleSplit(
  labels: Int32Array,
  classes: readonly string[],
  options: ShuffleSplitOptions,
): Split[] {
  checkSeed(options.seed);
  const counts = countClasses(labels, classes.length);
  checkSmallClasses(counts, classes, options.testSize);
  const { trainCount, testCount } = splitSizes(labels.length, classes.length, options.testSize);

  const rowsOfClass = Array.from(counts, (count) => new Int32Array(count));
  const filled = new Int32Array(classes.length);
  labels.forEach((label, row) => {
    const at = valueAt(filled, label);
    valueAt(rowsOfClass, label)[at] = row;
    filled[label] = at + 1;
  });

  const random = randomState(options.seed);
  return Array.from({ length: options.repeats }, () => {
    const trainCounts = approximateMode(counts, trainCount, random);
    const testCounts = approximateMode(
      counts.map((count, c) => count - valueAt(trainCounts, c)),
      testCount,
      random,
    );
    const train: number[] = [];
    const test: number[] = [];
    rowsOfClass.forEach((rows, c) => {
      const order = random.permutation(rows.length);
      const trainEnd = valueAt(trainCounts, c);
      const testEnd = trainEnd + valueAt(testCounts, c);
      for (let i = 0; i < trainEnd; i++) train.push(valueAt(rows, valueAt(order, i)));
      for (let i = trainEnd; i < testEnd; i++) test.push(valueAt(rows, valueAt(order, i)));
    });
    return { train: shuffled(train, random), test: shuffled(test, random) };
  });
}

/** Rows of each side, as scikit-learn's `_validate_shuffle_split`: the test size is rounded up. */
function splitSizes(
  rowCount: number,
  classCount: number,
  testSize: number,
): { readonly trainCount: number; readonly testCount: number } {
  const testCount = testCountOf(testSize, rowCount);
  if (testCount === undefined) {
    const expected = 'a fraction above 0 and below 1, or a whole number of images';
    throw usageError('--test-size', String(testSize), expected, { value: usualFraction(classCount, rowCount) });
  }
  const trainCount = rowCount - testCount;
  if (hasRoom(testCount, classCount, rowCount)) return { trainCount, testCount };
  const [side, count] = testCount < classCount ? ['test', testCount] : ['training', trainCount];
  throw new UserError({
    what: trainCount < 1 ? 'no image is left to train on' : `the ${side} set is smaller than the number of classes`,
    where: `--test-size ${testSize}`,
    found:
      trainCount < 1
        ? `${counted(testCount, 'test image')} of ${rowCount}`
        : `${count} of ${counted(rowCount, 'image')} for ${counted(classCount, 'class')}`,
    expected: `at least ${counted(classCount, 'image')} on each side: --test-size ${classCount} up to ${rowCount - classCount}, or a fraction`,
    option: { name: 'test-size', value: usualFraction(classCount, rowCount) },
  });
}

/** Test rows of so many; undefined for a size that is neither a fraction nor a number of rows. */
function testCountOf(testSize: number, rowCount: number): number | undefined {
  if (testSize > 0 && testSize < 1) return Math.ceil(testSize * rowCount);
  return Number.isSafeInteger(testSize) && testSize >= 1 ? testSize : undefined;
}

/** Whether every class fits on each side. */
function hasRoom(testCount: number, classCount: number, rowCount: number): boolean {
  return testCount >= classCount && rowCount - testCount >= classCount;
}

/** A fifth, or the smallest fraction with room for every class if that is larger. */
function usualFraction(classCount: number, rowCount: number): string {
  const fits = hasRoom(Math.ceil(0.2 * rowCount), classCount, rowCount);
  return String(fits ? 0.2 : smallestFraction(classCount, rowCount));
}

/** A round fraction whose test set has room for every class; the caller has checked that one exists up to rounding. */
export function smallestFraction(classCount: number, rowCount: number): number {
  const smallest = Math.ceil((classCount / rowCount) * 100) / 100;
  return hasRoom(Math.ceil(smallest * rowCount), classCount, rowCount) ? smallest : classCount / rowCount;
}

function checkSmallClasses(counts: Int32Array, classes: readonly string[], testSize: number): void {
  const small = classes.filter((_, c) => valueAt(counts, c) < 2);
  if (small.length === 0) return;
  const rowCount = counts.reduce((sum, count) => sum + (count < 2 ? 0 : count), 0);
  throw new SmallClassesError(small, classes.length, testSizeFor(testSize, classes.length - small.length, rowCount));
}

/** A test size with which the remaining classes can be split; undefined if the requested one works. */
function testSizeFor(testSize: number, classCount: number, rowCount: number): string | undefined {
  const testCount = testCountOf(testSize, rowCount);
  const fits = testCount !== undefined && hasRoom(testCount, classCount, rowCount);
  return fits ? undefined : usualFraction(classCount, rowCount);
}

/** Classes with a single image, which cannot be split. The message lists up to fifty. */
export class SmallClassesError extends UserError {
  readonly smallClasses: readonly string[];

  /** @param testSize that works for the other classes, if the requested one does not */
  constructor(small: readonly string[], classCount: number, testSize?: string) {
    const shown = small.slice(0, 50).join(', ');
    super({
      what: `${small.length} of ${classCount} classes ${small.length === 1 ? 'has' : 'have'} fewer than 2 images, so a split cannot put one on each side`,
      found: `${shown}${small.length > 50 ? ` and ${small.length - 50} more` : ''}`,
      expected: 'at least 2 images of every class: --min-images 2 leaves these classes out',
      option: [
        { name: 'min-images', value: '2' },
        ...(testSize === undefined ? [] : [{ name: 'test-size', value: testSize }]),
      ],
    });
    this.smallClasses = small;
  }
}

/** NumPy's rule for a legacy seed. */
export function checkSeed(seed: number): void {
  if (Number.isSafeInteger(seed) && seed >= 0 && seed < 2 ** 32) return;
  throw usageError('--seed', String(seed), 'a whole number from 0 up to 4294967295', { value: '0' });
}

function shuffled(rows: readonly number[], random: RandomState): Int32Array {
  const values = Int32Array.from(rows);
  random.shuffle(values);
  return values;
}

/**
 * scikit-learn's `_approximate_mode`: how many of `draws` rows each class gives, close to the mode of the multivariate
 * hypergeometric; ties are broken at random.
 */
function approximateMode(counts: Int32Array, draws: number, random: RandomState): Int32Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const exact = Float64Array.from(counts, (count) => (count / total) * draws);
  const given = Int32Array.from(exact, Math.floor);
  let missing = draws - given.reduce((sum, count) => sum + count, 0);
  if (missing <= 0) return given;
  const remainders = exact.map((value, c) => value - valueAt(given, c));
  for (const value of [...new Set(remainders)].sort((a, b) => b - a)) {
    const tied = Array.from(remainders.keys()).filter((c) => remainders[c] === value);
    const taken = Math.min(tied.length, missing);
    // RandomState.choice(tied, taken, replace=False) shuffles all positions, even when it takes them all.
    const order = random.permutation(tied.length);
    for (let i = 0; i < taken; i++) {
      const c = valueAt(tied, valueAt(order, i));
      addAt(given, c, 1);
    }
    missing -= taken;
    if (missing === 0) break;
  }
  return given;
}
