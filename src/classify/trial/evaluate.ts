import type { FitContext, FittedHead, Head } from '../../models/model.ts';
import { addAt } from '../../numerics/arrays.kernel.ts';
import { compareCodePoints } from '../../rows/classes.ts';
import type { RowSource } from '../../rows/row-source.ts';
import type { Split } from '../../split/split.ts';
import { valueAt, valuesAt } from '../../system/at.ts';
import { throwIfInterrupted } from '../../system/interrupt.ts';
import { counted } from '../../system/printable.ts';
import type { LabelledData } from '../data/labelled-data.ts';
import type { Prediction } from '../result/predictions.ts';
import type { RepeatResult } from '../result/report.ts';
import type { TestScores } from './test-scores.ts';
import type { OpenTrial } from './trial.ts';

export interface Evaluation {
  readonly perRepeat: readonly RepeatResult[];
  /** Over the test rows of all repeats: [classes, classes], true by predicted. */
  readonly confusion: Int32Array;
  /** Generated at each iteration. */
  readonly predictions: Iterable<Prediction>;
  /** Log loss before calibration of each repeat; empty without calibration. */
  readonly uncalibratedLogLoss: readonly number[];
  /** The head of the first repeat, which is saved. */
  readonly fitted: FittedHead;
  readonly warnings: readonly string[];
}

/** Fits a head on the training rows of each split and tests it on the test rows. */
export async function evaluateHead(
  head: Head,
  data: LabelledData<RowSource>,
  splits: readonly Split[],
  openTrial: OpenTrial,
  context: Omit<FitContext, 'test'>,
  onRepeat?: (result: RepeatResult) => void,
): Promise<Evaluation> {
  const classCount = data.classes.length;
  const confusion = new Int32Array(classCount * classCount);
  const perRepeat: RepeatResult[] = [];
  const tested: TestScores[] = [];
  const warnings = new Set<string>();
  const uncalibratedLogLoss: number[] = [];
  let first: FittedHead | undefined;
  for (const [repeat, split] of splits.entries()) {
    throwIfInterrupted(context.signal);
    const untrained = classesWithoutTraining(data, split);
    if (untrained.length > 0) warnings.add(untrained);
    const trial = openTrial(split);
    await trial.load();
    const start = performance.now();
    const fitted = await trial.fit(head, context, true);
    const fitEnd = performance.now();
    throwIfInterrupted(context.signal);
    if (head.staysOnDisk === true) {
      // Each prediction runs the network.
      const message = `predicting ${counted(split.test.length, 'test image')}`;
      context.onProgress?.({ stage: 'test images', done: 0, total: split.test.length, message });
    }
    const scores = await trial.score(fitted, context.onProgress);
    const predictEnd = performance.now();

    const uncalibrated = await trial.uncalibratedLogLoss(fitted);
    if (uncalibrated !== undefined) uncalibratedLogLoss.push(uncalibrated);
    for (const [i, count] of scores.confusion.entries()) addAt(confusion, i, count);
    tested.push(scores);
    const result: RepeatResult = {
      repeat,
      ...scores.scores(),
      fitSeconds: (fitEnd - start) / 1000,
      predictSeconds: (predictEnd - fitEnd) / 1000,
      converged: fitted.converged,
      iterations: fitted.iterations,
      train: [...split.train],
      test: [...split.test],
    };
    perRepeat.push(result);
    for (const warning of fitted.warnings) warnings.add(warning);
    const alone = constantPredictionWarning(scores.confusion, data.classes, head);
    if (alone !== undefined) warnings.add(alone);
    first ??= fitted;
    onRepeat?.(result);
  }
  if (first === undefined) throw new RangeError('no split to evaluate on');
  return {
    perRepeat,
    confusion,
    predictions: { [Symbol.iterator]: () => predictionsOf(tested) },
    uncalibratedLogLoss,
    fitted: first,
    warnings: [...warnings],
  };
}

function* predictionsOf(tested: readonly TestScores[]): Generator<Prediction> {
  for (const [repeat, scores] of tested.entries()) yield* scores.predictions(repeat);
}

/** Parameters that make a head predict one class if they are far off; each head has some. */
const decisive: readonly string[] = ['gamma', 'lr', 'C', 'alpha', 'k'];

/** A warning if a head predicts the same class for all test images. */
function constantPredictionWarning(
  confusion: Int32Array,
  classes: readonly string[],
  { params }: Pick<Head, 'params'>,
): string | undefined {
  const count = classes.length;
  const cells = [...classes.keys()];
  const tested = cells.filter((t) => cells.some((p) => valueAt(confusion, t * count + p) > 0));
  const named = cells.filter((p) => tested.some((t) => valueAt(confusion, t * count + p) > 0));
  if (tested.length < 2 || named.length !== 1) return undefined;
  const suspects = decisive.filter((name) => name in params).join(' or ');
  const cause = suspects === '' ? '' : `${suspects} is too large or too small for these features, or `;
  return `it predicts the same class for every test image, ${classes[valueAt(named, 0)]}: ${cause}the features carry no information`;
}

/** A warning about classes of the test set without training rows, possible in group splits and fixed splits. */
function classesWithoutTraining(data: LabelledData<RowSource>, split: Split): string {
  const trained = new Set(valuesAt(data.labels, split.train));
  const tested = new Set(valuesAt(data.labels, split.test));
  const names = [...tested].filter((label) => !trained.has(label)).map((label) => valueAt(data.classes, label));
  if (names.length === 0) return '';
  const shown = names.sort(compareCodePoints).slice(0, 5).join(', ');
  return `${counted(names.length, 'class')} of the test set without a training row: ${shown}${names.length > 5 ? ' …' : ''}`;
}
