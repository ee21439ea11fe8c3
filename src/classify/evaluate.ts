import { type Matrix, takeRows } from '../features/matrix.ts';
import type { Prediction } from '../report/predictions.ts';
import type { RepeatResult } from '../report/report.ts';
import type { FitContext, FittedHead, Head } from './heads/head.ts';
import { throwIfInterrupted } from './interrupt.ts';
import type { LabelledData } from './labelled-data.ts';
import { confusionOf, scoreConfusion, scoreProbabilities } from './metrics.ts';
import type { Split } from './split.ts';
import type { Table } from './table.ts';

/** What one head did on every split. */
export interface Evaluation {
  readonly perRepeat: readonly RepeatResult[];
  /** Test rows of all repeats together: [classes, classes], true by predicted. */
  readonly confusion: Int32Array;
  readonly predictions: readonly Prediction[];
  /** The head of the first repeat: the one that is kept. */
  readonly fitted: FittedHead;
  readonly warnings: readonly string[];
}

/** Fits a head on the training rows of each split and tries it on the test rows. */
export async function evaluateHead(
  head: Head,
  data: LabelledData,
  splits: readonly Split[],
  context: Omit<FitContext, 'test'>,
  onRepeat?: (result: RepeatResult) => void,
): Promise<Evaluation> {
  const classCount = data.classes.length;
  const confusion = new Int32Array(classCount * classCount);
  const perRepeat: RepeatResult[] = [];
  const predictions: Prediction[] = [];
  const warnings = new Set<string>();
  let first: FittedHead | undefined;
  for (const [repeat, split] of splits.entries()) {
    throwIfInterrupted(context.signal);
    const test = tableOf(data, split.test);
    const start = performance.now();
    const fitted = await head.fit(tableOf(data, split.train), { ...context, test });
    const fitEnd = performance.now();
    throwIfInterrupted(context.signal);
    const probabilities = await fitted.predictProba(test.features);
    const found = await fitted.predict(test.features);
    const predictEnd = performance.now();

    const ownConfusion = confusionOf(test.labels, found, classCount);
    for (const [i, count] of ownConfusion.entries()) confusion[i] = (confusion[i] as number) + count;
    const { top5Accuracy, logLoss } = scoreProbabilities(test.labels, probabilities);
    const result: RepeatResult = {
      repeat,
      ...scoreConfusion(ownConfusion, classCount),
      top5Accuracy,
      logLoss,
      fitSeconds: (fitEnd - start) / 1000,
      predictSeconds: (predictEnd - fitEnd) / 1000,
      converged: fitted.converged,
      iterations: fitted.iterations,
      train: [...split.train],
      test: [...split.test],
    };
    perRepeat.push(result);
    predictions.push(...predictionsOf(data, split.test, found, probabilities, repeat));
    for (const warning of fitted.warnings) warnings.add(warning);
    first ??= fitted;
    onRepeat?.(result);
  }
  if (first === undefined) throw new RangeError('no split to evaluate on');
  return { perRepeat, confusion, predictions, fitted: first, warnings: [...warnings] };
}

/** The chosen rows as a table of their own. */
export function tableOf(data: LabelledData, rows: Int32Array): Table {
  return {
    features: takeRows(data.features, rows),
    labels: Int32Array.from(rows, (row) => data.labels[row] as number),
    classes: data.classes,
  };
}

function predictionsOf(
  data: LabelledData,
  rows: Int32Array,
  found: Int32Array,
  probabilities: Matrix,
  repeat: number,
): Prediction[] {
  return Array.from(rows, (row, i) => {
    const truth = data.labels[row] as number;
    const guess = found[i] as number;
    const start = i * probabilities.columnCount;
    return {
      repeat,
      id: data.ids[row] as string,
      trueClass: data.classes[truth] as string,
      predictedClass: data.classes[guess] as string,
      probability: probabilities.data[start + guess] as number,
      trueProbability: probabilities.data[start + truth] as number,
    };
  });
}
