import { type Matrix, takeRows } from '../features/matrix.ts';
import type { Prediction } from '../report/predictions.ts';
import type { RepeatResult } from '../report/report.ts';
import type { FitContext, FittedHead, Head } from './heads/head.ts';
import { throwIfInterrupted } from './interrupt.ts';
import type { LabelledData } from './labelled-data.ts';
import { compareCodePoints } from './labels.ts';
import { confusionOf, scoreConfusion, scoreProbabilities } from './metrics.ts';
import type { Split } from './split.ts';
import { type Table, withoutGaps } from './table.ts';

/** What one head did on every split. */
export interface Evaluation {
  readonly perRepeat: readonly RepeatResult[];
  /** Test rows of all repeats together: [classes, classes], true by predicted. */
  readonly confusion: Int32Array;
  readonly predictions: readonly Prediction[];
  /** Log loss of probabilities before they were tempered, for each repeat; none where the head does not temper. */
  readonly uncalibratedLogLoss: readonly number[];
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
  const uncalibratedLogLoss: number[] = [];
  let first: FittedHead | undefined;
  for (const [repeat, split] of splits.entries()) {
    throwIfInterrupted(context.signal);
    const untrained = classesWithoutTraining(data, split);
    if (untrained.length > 0) warnings.add(untrained);
    const test = testTable(data, split.test);
    const start = performance.now();
    const fitted = await head.fit(trainingTable(data, split.train), { ...context, test });
    const fitEnd = performance.now();
    throwIfInterrupted(context.signal);
    const probabilities = await fitted.predictProba(test.features);
    const found = await fitted.predict(test.features);
    const predictEnd = performance.now();

    const untempered = await fitted.uncalibrated?.(test.features);
    if (untempered !== undefined) uncalibratedLogLoss.push(scoreProbabilities(test.labels, untempered).logLoss);
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
  return { perRepeat, confusion, predictions, uncalibratedLogLoss, fitted: first, warnings: [...warnings] };
}

/** Says which classes are tested without a training row, or nothing: group splits and fixed ones may do that. */
function classesWithoutTraining(data: LabelledData, split: Split): string {
  const trained = new Set(Array.from(split.train, (row) => data.labels[row] as number));
  const tested = new Set(Array.from(split.test, (row) => data.labels[row] as number));
  const names = [...tested].filter((label) => !trained.has(label)).map((label) => data.classes[label] as string);
  if (names.length === 0) return '';
  const shown = names.sort(compareCodePoints).slice(0, 5).join(', ');
  return `${names.length} classes are tested without a training row: ${shown}${names.length > 5 ? ' …' : ''}`;
}

/** Test rows as a table of their own. */
export function testTable(data: LabelledData, rows: Int32Array): Table {
  return {
    features: takeRows(data.features, rows),
    labels: Int32Array.from(rows, (row) => data.labels[row] as number),
    classes: data.classes,
  };
}

/** Training rows with their weights and groups, and after them their views. */
export function trainingTable(data: LabelledData, rows: Int32Array): Table {
  const { views, sampleWeights, groups } = data;
  const perImage = views === undefined ? 0 : views.rowCount / data.ids.length;
  // Place among the rows of the image that each table row shows.
  const shown = Int32Array.from({ length: rows.length * (1 + perImage) }, (_, i) =>
    i < rows.length ? i : Math.floor((i - rows.length) / perImage),
  );
  const images = shown.map((place) => rows[place] as number);
  return {
    features: views === undefined ? takeRows(data.features, rows) : withViews(data.features, views, rows, perImage),
    labels: images.map((row) => data.labels[row] as number),
    classes: data.classes,
    ...(views === undefined ? {} : { plainRowOf: shown }),
    ...(sampleWeights === undefined
      ? {}
      : { sampleWeights: Float64Array.from(images, (row) => sampleWeights[row] as number) }),
    ...groupsOf(groups === undefined ? undefined : images.map((row) => groups[row] as number), views && shown),
  };
}

/** Groups of the training rows; with views and no groups of their own, the views of an image are one. */
function groupsOf(groups: Int32Array | undefined, images: Int32Array | undefined): Pick<Table, 'groups'> {
  const found = groups ?? images;
  return found === undefined ? {} : { groups: withoutGaps(found) };
}

function withViews(features: Matrix, views: Matrix, rows: Int32Array, perImage: number): Matrix {
  const { columnCount } = features;
  const data = new Float32Array(rows.length * (1 + perImage) * columnCount);
  rows.forEach((row, i) => {
    data.set(features.data.subarray(row * columnCount, (row + 1) * columnCount), i * columnCount);
    const own = views.data.subarray(row * perImage * columnCount, (row + 1) * perImage * columnCount);
    data.set(own, (rows.length + i * perImage) * columnCount);
  });
  return { rowCount: rows.length * (1 + perImage), columnCount, data };
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
