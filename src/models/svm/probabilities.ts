import { conformalScores } from '../../metrics/conformal.kernel.ts';
import { addAt, takeFloats, takeInts } from '../../numerics/arrays.kernel.ts';
import type { ProductContext } from '../../numerics/matmul.ts';
import { randomState } from '../../numerics/mt19937.kernel.ts';
import { evenlySpaced } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import { pairValuer } from './binary-classifiers.ts';
import { couple, fitSlope } from './coupling.kernel.ts';
import { pickSymmetric } from './gram/gram.kernel.ts';
import { voteWinners } from './pair-values.kernel.ts';
import { fitSigmoid } from './platt.kernel.ts';
import type { PairsJob } from './svc-pairs.kernel.ts';
import type { PairsResult } from './svc-pairs.ts';

/**
 * Converts decision values to probabilities, fitted on held-out values: Platt's sigmoid for two classes, else one slope for
 * all classifiers, coupled in closed form (`couple`). Folds are fitted on the Gram matrix at hand.
 *
 * LIBSVM fits a sigmoid of two parameters per pair of classes, too many for a few images per class: log loss on two splits of
 * the reference photos (120 breeds, 2 to 14 training images each, linear C=1) 2.69 and 2.63 by LIBSVM (scikit-learn 1.2,
 * probability=True), 1.05 and 0.82 by this; rbf C=10 2.68 and 2.67, 1.14 and 0.98.
 */
export interface ProbabilityCalibration {
  readonly slope: number;
  /** 0 for more than two classes. */
  readonly offset: number;
  /** Number of held-out rows; 0 if every class has a single row. */
  readonly heldOutRows: number;
  readonly folds: number;
  /** Number of folds that the rows were divided into. */
  readonly foldsOf: number;
}

/** Takes decision values as log-odds. */
export const uncalibrated: ProbabilityCalibration = { slope: 1, offset: 0, heldOutRows: 0, folds: 0, foldsOf: 0 };

/** Fewest folds; many rows are divided into more, of which the first has enough rows. Fewer held-out rows make a fold faster. */
const FEWEST_FOLDS = 5;
/** Bound of held-out rows times classes squared: hundredths of a second per slope tried. */
const COUPLING_BUDGET = 2_000_000;
const FEWEST_ROWS = 150;
const MOST_ROWS = 1000;
/** The slope without held-out rows is at most the one that the reference photos' breeds need. */
const LARGEST_CAUTIOUS_SLOPE = 10;

interface FoldPlan {
  /** Fold of each training row; -1 for the only row of its class. */
  readonly folds: Int32Array;
  /** Number of folds to fit, which hold out enough rows. */
  readonly foldCount: number;
  readonly foldsOf: number;
}

/**
 * Distributes the rows of each class, shuffled by the seed, over the folds in turn. Rows of one group stay together; a class
 * with a single group is not held out.
 *
 * @param groups group of each training row, in the classifiers' order
 */
export function planFolds(
  classStart: Int32Array,
  seed: number,
  groups: Int32Array | undefined,
  mostFolds: number = FEWEST_FOLDS,
): FoldPlan {
  const classCount = classStart.length - 1;
  const rowCount = valueAt(classStart, classCount);
  const wanted = wantedRows(classCount);
  const foldsOf = Math.max(FEWEST_FOLDS, Math.floor(rowCount / wanted));
  const folds = new Int32Array(rowCount).fill(-1);
  const random = randomState(seed);
  const sizes = new Int32Array(foldsOf);
  const foldOfGroup = new Map<number, number>();
  let turn = 0;
  for (let c = 0; c < classCount; c++) {
    const start = valueAt(classStart, c);
    const end = valueAt(classStart, c + 1);
    const count = groups === undefined ? end - start : new Set(groups.subarray(start, end)).size;
    if (count < 2) continue;
    for (const row of random.permutation(end - start)) {
      const group = groups?.[start + row];
      const fold = (group === undefined ? undefined : foldOfGroup.get(group)) ?? turn++ % foldsOf;
      if (group !== undefined) foldOfGroup.set(group, fold);
      folds[start + row] = fold;
      addAt(sizes, fold, 1);
    }
  }
  let foldCount = 0;
  for (let held = 0; foldCount < mostFolds && held < wanted; foldCount++) held += valueAt(sizes, foldCount);
  return { folds, foldCount: turn === 0 ? 0 : foldCount, foldsOf };
}

/** Bounds the memory of the rows' values, [pairs, rows]. */
function wantedRows(classCount: number): number {
  return Math.max(FEWEST_ROWS, Math.min(MOST_ROWS, Math.floor(COUPLING_BUDGET / classCount ** 2)));
}

/** Result of one-vs-one training, with the Gram matrix. */
interface HeldOutInput extends Pick<PairsJob, 'gram' | 'stride' | 'rows' | 'classStart'> {
  readonly plan: FoldPlan;
  readonly result: Pick<PairsResult, 'coefficients' | 'heldOut' | 'rho'>;
}

/** Fits a calibration; `scores` are the conformal scores of the held-out rows, if any. */
export async function calibrateProbabilities(
  input: HeldOutInput,
  context: ProductContext,
): Promise<{ readonly calibration: ProbabilityCalibration; readonly scores?: Float64Array }> {
  const { classStart, plan } = input;
  const classCount = classStart.length - 1;
  const rows = heldOutRows(plan);
  if (rows.length === 0) return { calibration: { ...uncalibrated, slope: await cautiousSlope(input, context) } };
  const labels = classOfRows(classStart, rows);
  const counted = { heldOutRows: rows.length, folds: plan.foldCount, foldsOf: plan.foldsOf };
  const isBinary = classCount === 2;
  const own = takeFloats(input.result.heldOut, isBinary ? rows : new Int32Array(0));
  const values = isBinary ? Float32Array.from(own) : await heldOutPairValues(input, rows, labels, context);
  const fitted = isBinary
    ? fitSigmoid(
        own,
        Uint8Array.from(labels, (label) => (label === 0 ? 1 : 0)),
      )
    : { slope: fitSlope(values, labels, classCount), offset: 0 };
  const calibration = { ...fitted, ...counted };
  const logs = Float32Array.from(probabilities(calibration, values, classCount, rows.length), Math.log);
  const predicted = voteWinners(values, classCount, rows.length);
  return { calibration, scores: conformalScores(logs, classCount, labels, 1, predicted) };
}

/** Probabilities from decision values, [rows, classes]. */
export function probabilities(
  calibration: ProbabilityCalibration,
  values: Float32Array,
  classCount: number,
  rowCount: number,
): Float64Array {
  if (classCount > 2) return couple(values, classCount, rowCount, calibration.slope);
  const out = new Float64Array(rowCount * 2);
  for (let row = 0; row < rowCount; row++) {
    const score = calibration.slope * valueAt(values, row) + calibration.offset;
    out[row * 2] = 1 / (1 + Math.exp(-score));
    out[row * 2 + 1] = 1 / (1 + Math.exp(score));
  }
  return out;
}

/**
 * Decision values of held-out rows, [pairs, rows]: from the fit without the row's fold for classifiers of its own class, from
 * the fit of all rows for the others, which never saw it.
 */
async function heldOutPairValues(
  input: HeldOutInput,
  rows: Int32Array,
  labels: Int32Array,
  context: ProductContext,
): Promise<Float32Array> {
  const { classStart, result } = input;
  const values = await trainedPairValues(input, rows, context);
  const classCount = classStart.length - 1;
  const slots = classCount - 1;
  for (let i = 0; i < rows.length; i++) {
    const label = valueAt(labels, i);
    for (let other = 0; other < classCount; other++) {
      if (other === label) continue;
      const low = Math.min(label, other);
      const high = Math.max(label, other);
      const pair = low * slots - (low * (low - 1)) / 2 + (high - low - 1);
      const slot = other < label ? other : other - 1;
      values[pair * rows.length + i] = valueAt(result.heldOut, valueAt(rows, i) * slots + slot);
    }
  }
  return values;
}

/** Decision values by the classifiers of all rows, [pairs, rows]. */
async function trainedPairValues(
  { gram, stride, rows: all, classStart, result }: HeldOutInput,
  rows: Int32Array,
  context: ProductContext,
): Promise<Float32Array> {
  const kernel = pickSymmetric(gram, stride, all, takeInts(all, rows));
  const classifiers = { vectorStart: classStart, coefficients: result.coefficients, rho: result.rho };
  return pairValuer(classStart.length - 1, rows.length)(classifiers, kernel, rows.length, context);
}

/**
 * The slope where no row can be held out. A row's values by the classifiers of two other classes say nothing about its
 * own class, so the slope makes them log-odds with a root mean square of a half: a row like none of the training rows
 * gets nearly even probabilities. 1 if there are no two other classes.
 */
async function cautiousSlope(input: HeldOutInput, context: ProductContext): Promise<number> {
  const { classStart } = input;
  const classCount = classStart.length - 1;
  if (classCount < 3) return 1;
  const all = Int32Array.from({ length: valueAt(classStart, classCount) }, (_, row) => row);
  const rows = evenlySpaced(all, wantedRows(classCount));
  const labels = classOfRows(classStart, rows);
  const values = await trainedPairValues(input, rows, context);
  let squares = 0;
  let count = 0;
  for (let low = 0, pair = 0; low < classCount; low++) {
    for (let high = low + 1; high < classCount; high++, pair++) {
      for (const [row, label] of labels.entries()) {
        if (label === low || label === high) continue;
        squares += valueAt(values, pair * rows.length + row) ** 2;
        count++;
      }
    }
  }
  return Math.min(LARGEST_CAUTIOUS_SLOPE, 0.5 / Math.sqrt(squares / count));
}

function heldOutRows(plan: FoldPlan): Int32Array {
  return Int32Array.from(plan.folds.keys()).filter((row) => {
    const fold = valueAt(plan.folds, row);
    return fold >= 0 && fold < plan.foldCount;
  });
}

function classOfRows(classStart: Int32Array, rows: Int32Array): Int32Array {
  let c = 0;
  return rows.map((row) => {
    while (row >= valueAt(classStart, c + 1)) c++;
    return c;
  });
}
