import { conformalScores } from '../../metrics/conformal.kernel.ts';
import { takeFloats, takeInts } from '../../numerics/arrays.kernel.ts';
import { isStored, type RowSource, takeRows } from '../../rows/row-source.ts';
import { evenPart, type Table, takeTableRows } from '../../rows/table.ts';
import { foldsToHoldOut, mostHeldOut } from '../../split/inner-folds.ts';
import { throwIfInterrupted } from '../../system/interrupt.ts';
import { predictionsOf, withPredict } from '../fitted-head.ts';
import type { FitContext, FittedHead, Head, SavedHead, Temperature } from '../model.ts';
import { likeliestInverse, logInPlace, raiseRows } from './temperature.kernel.ts';

/** Folds that a calibration holds out in turn, if it takes them all. */
export const calibrationFolds = 5;
const folds = calibrationFolds;

/**
 * A head whose probabilities are calibrated by a temperature (Guo and others, 2017): softmax(inverse · log p), the inverse
 * temperature being the likeliest for training rows that the head had not seen, left out fold by fold. Predictions stay
 * as they are.
 */
export function calibrated(head: Head): Head {
  const params = { ...head.params, calibrate: 'temperature' };
  const { temperature, ...plain } = head;
  return {
    ...plain,
    params,
    needs: (size) => {
      const { trainRows, dims, classes, stream } = size;
      const heldOut = mostHeldOut(trainRows, folds);
      if (stream === true) {
        const bytes = 8 * classes * Math.min(heldOut, streamedRows(classes));
        return [...(temperature ?? head).needs(size), { what: 'held-out probabilities', bytes }];
      }
      return [
        // Where a head can do without folds, groups or views may still call for them.
        ...(temperature ?? head).needs(size),
        { what: 'rows of a fold', bytes: 4 * trainRows * dims },
        { what: 'cross-validated probabilities', bytes: 8 * heldOut * classes },
      ];
    },
    fit: async (train, context) => {
      if (temperature?.fits(train) === true) {
        const { fitted, ...found } = await temperature.fit(train, context, train.sampleWeights);
        return calibratedHead({ ...fitted, ...foundBy(fitted, found, temperature.rowsAre), params }, found);
      }
      const inner = await head.fit(train, context);
      const found = await crossValidatedTemperature(head, train, context);
      return calibratedHead({ ...inner, ...foundBy(inner, found, 'cross-validated'), params }, found);
    },
  };
}

/** What a calibration adds to a head. */
function foundBy(inner: FittedHead, found: Temperature, rowsAre: string): Pick<FittedHead, 'details' | 'heldOut'> {
  const details = detailsOf(inner, found, rowsAre);
  return found.scores === undefined ? { details } : { details, heldOut: { scores: found.scores, rowsAre } };
}

function detailsOf(inner: FittedHead, { inverse, rows }: Temperature, rowsAre: string): FittedHead['details'] {
  const how = rows === 0 ? 'not calibrated: too few rows to hold out' : `temperature-scaled on ${rows} ${rowsAre} rows`;
  return {
    ...inner.details,
    temperatureSlope: inverse,
    temperatureRows: rows,
    probabilities: `${inner.details['probabilities']}, ${how}`,
  };
}

function calibratedHead(inner: FittedHead, { inverse }: Pick<Temperature, 'inverse'>): FittedHead {
  const { predictProba: _, ...rest } = inner;
  return withPredict({
    ...rest,
    calibrated: true,
    predictBoth: async (features, options) => {
      const prediction = await inner.predictBoth(features, { ...options, uncalibrated: false });
      if (options?.uncalibrated !== true) raiseRows(prediction.probabilities.data, inner.classes.length, inverse);
      return prediction;
    },
    save: () => {
      const saved = inner.save();
      return { ...saved, params: inner.params, details: { ...saved.details, ...inner.details } };
    },
  });
}

/**
 * Restores a head that `calibrated` made, the inner one by `load`.
 */
export function loadCalibrated(saved: SavedHead, load: (saved: SavedHead) => FittedHead): FittedHead {
  const { calibrate, ...params } = saved.params;
  if (calibrate !== 'temperature') return load(saved);
  const inner = { ...load({ ...saved, params }), params: saved.params };
  return calibratedHead(inner, { inverse: savedInverseTemperature(saved) });
}

/** Of a saved head's probabilities, 1 where they are not calibrated by one: what an exported network must do last. */
export function savedInverseTemperature(saved: SavedHead): number {
  const inverse = saved.details['temperatureSlope'];
  return typeof inverse === 'number' ? inverse : 1;
}

async function crossValidatedTemperature(
  head: Head,
  table: Table<RowSource>,
  context: FitContext,
): Promise<Temperature> {
  const { onProgress, test: _test, ...rest } = context;
  const quiet = { ...rest, forCalibration: true };
  const splits = foldsToHoldOut(table, folds);
  const held: number[] = [];
  const logs: Float32Array[] = [];
  const found: number[] = [];
  for (const [done, fold] of splits.entries()) {
    throwIfInterrupted(context.signal);
    onProgress?.({ stage: 'calibration', done, total: splits.length });
    const fitted = await head.fit(takeTableRows(table, fold.train), quiet);
    const test = testPart(fold.test, splits.length, table);
    const rows = takeRows(table.features, test);
    const { predicted, probabilities } = await predictionsOf(fitted, rows, { signal: context.signal });
    logInPlace(probabilities);
    logs.push(probabilities);
    found.push(...predicted);
    held.push(...test);
  }
  return temperatureOf(logs, held, table, Int32Array.from(found));
}

/** The test rows of a fold that are looked at: from the disk as many as one parameter asks for, spread evenly. */
export function testPart(
  test: Int32Array,
  foldCount: number,
  { features, classes }: Pick<Table<RowSource>, 'features' | 'classes'>,
): Int32Array {
  return isStored(features) ? evenPart(test, Math.ceil(streamedRows(classes.length) / foldCount)) : test;
}

/** Held-out rows whose probabilities are kept by stream: 8 MB of them, and enough of many classes too. */
function streamedRows(classCount: number): number {
  return Math.max(2000, Math.floor(2 ** 21 / classCount));
}

/** Fewer held-out rows tell no temperature: by two of them the log loss on photos of 44 breeds became two to four times as high. */
const fewestTelling = 10;

/**
 * The temperature that makes log probabilities, or scores, likeliest for the labels; 1 where too few rows tell it.
 *
 * @param logs [rows, classes] of each fold, in the order of `held`
 * @param held rows of the table
 * @param predicted class of each of them; default: the most probable one
 */
export function temperatureOf(
  logs: readonly Float32Array[],
  held: readonly number[],
  { classes, labels, sampleWeights }: Pick<Table, 'classes' | 'labels' | 'sampleWeights'>,
  predicted?: Int32Array,
): Temperature {
  const all = new Float32Array(held.length * classes.length);
  let at = 0;
  for (const block of logs) {
    all.set(block, at);
    at += block.length;
  }
  const own = takeInts(labels, held);
  // The only row of its class tells nothing: where it is left out, its class cannot be.
  const telling = own.filter((label, row) => all[row * classes.length + label] !== Number.NEGATIVE_INFINITY).length;
  if (telling < fewestTelling) return { inverse: 1, rows: 0 };
  const weights = sampleWeights && takeFloats(sampleWeights, held);
  const inverse = likeliestInverse(all, classes.length, own, weights);
  return { inverse, rows: held.length, scores: conformalScores(all, classes.length, own, inverse, predicted) };
}
