import { conformalScores } from '../../metrics/conformal.kernel.ts';
import { takeFloats, takeInts } from '../../numerics/arrays.kernel.ts';
import { isStored, type RowSource, takeRows } from '../../rows/row-source.ts';
import { evenlySpaced, type Table, takeTableRows } from '../../rows/table.ts';
import { foldsToHoldOut, mostHeldOut } from '../../split/inner-folds.ts';
import { throwIfInterrupted } from '../../system/interrupt.ts';
import { plural } from '../../system/printable.ts';
import { predictionsOf, withChanges } from '../fitted-head.ts';
import type { FitContext, FittedHead, Head, SavedHead, Temperature } from '../model.ts';
import { likeliestInverse, logInPlace, raiseRows } from './temperature.kernel.ts';

/** Most folds that a calibration holds out in turn. */
export const calibrationFolds = 5;

/**
 * Wraps a head: calibrates its probabilities by a temperature (Guo et al., 2017), softmax(inverse · log p), with the likeliest
 * inverse temperature for held-out training rows. Predictions stay the same.
 */
export function calibrated(head: Head): Head {
  const params = { ...head.params, calibrate: 'temperature' };
  const { temperature, ...plain } = head;
  return {
    ...plain,
    params,
    needs: (size) => {
      const { trainRows, dims, classes, stream } = size;
      const heldOut = mostHeldOut(trainRows, calibrationFolds);
      const kept = stream === true ? Math.min(heldOut, streamedRows(classes)) : heldOut;
      return [
        ...(temperature ?? head).needs(size),
        // Even a head that usually needs no folds does with groups or views.
        ...(stream === true ? [] : [{ what: 'rows of a fold', bytes: 4 * trainRows * dims }]),
        { what: `${stream === true ? 'held-out' : 'cross-validated'} probabilities`, bytes: 8 * kept * classes },
      ];
    },
    fit: async (train, context) => {
      if (temperature?.fits(train) === true) {
        const { fitted, ...found } = await temperature.fit(train, context, train.sampleWeights);
        return calibratedHead({ ...fitted, ...calibrationFacts(fitted, found, temperature.rowsAre), params }, found);
      }
      const inner = await head.fit(train, context);
      const found = await crossValidatedTemperature(head, train, context);
      return calibratedHead({ ...inner, ...calibrationFacts(inner, found, 'cross-validated'), params }, found);
    },
  };
}

/** What a calibration adds to a head. */
function calibrationFacts(
  inner: FittedHead,
  found: Temperature,
  rowsAre: string,
): Pick<FittedHead, 'details' | 'heldOut'> {
  const { inverse, rows, scores } = found;
  const how =
    rows === 0
      ? 'not calibrated: too few rows to hold out'
      : `temperature-scaled on ${rows} ${rowsAre} ${plural(rows, 'row')}`;
  const details = {
    ...inner.details,
    temperatureSlope: inverse,
    temperatureRows: rows,
    probabilities: `${inner.details['probabilities']}, ${how}`,
  };
  return scores === undefined ? { details } : { details, heldOut: { scores, rowsAre } };
}

function calibratedHead(inner: FittedHead, { inverse }: Pick<Temperature, 'inverse'>): FittedHead {
  return withChanges(inner, {
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

/** Restores a head of `calibrated`; `load` restores the inner one. */
export function loadCalibrated(saved: SavedHead, load: (saved: SavedHead) => FittedHead): FittedHead {
  const { calibrate, ...params } = saved.params;
  if (calibrate !== 'temperature') return load(saved);
  const inner = { ...load({ ...saved, params }), params: saved.params };
  return calibratedHead(inner, { inverse: savedInverseTemperature(saved) });
}

/** The inverse temperature of a saved head's probabilities; 1 if it has none. */
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
  const splits = foldsToHoldOut(table, calibrationFolds);
  const held: number[] = [];
  const logs: Float32Array[] = [];
  const found: number[] = [];
  for (const [done, fold] of splits.entries()) {
    throwIfInterrupted(context.signal);
    onProgress?.({ stage: 'calibration', done, total: splits.length });
    const fitted = await head.fit(takeTableRows(table, fold.train), quiet);
    const test = rowsToPredict(fold.test, splits.length, table);
    const rows = takeRows(table.features, test);
    const { predicted, probabilities } = await predictionsOf(fitted, rows, { signal: context.signal });
    logInPlace(probabilities);
    logs.push(probabilities);
    found.push(...predicted);
    held.push(...test);
  }
  return temperatureOf(logs, held, table, Int32Array.from(found));
}

/** The test rows of a fold to predict; on disk only as many as one parameter needs, evenly spaced. */
export function rowsToPredict(
  test: Int32Array,
  foldCount: number,
  { features, classes }: Pick<Table<RowSource>, 'features' | 'classes'>,
): Int32Array {
  return isStored(features) ? evenlySpaced(test, Math.ceil(streamedRows(classes.length) / foldCount)) : test;
}

/** Most held-out rows with rows on disk: 8 MB of probabilities, but enough rows for many classes. */
function streamedRows(classCount: number): number {
  return Math.max(2000, Math.floor(2 ** 21 / classCount));
}

/** Fewest held-out rows for a temperature: two of them made the log loss on photos of 44 breeds two to four times as high. */
const fewestRows = 10;

/**
 * The likeliest temperature of log probabilities or scores; 1 for too few rows.
 *
 * @param logs [rows, classes] of each fold, in the order of `held`
 * @param held rows of the table
 * @param predicted class of each; default: the most probable one
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
  // A held-out row that is the only one of its class has probability 0.
  const telling = own.filter((label, row) => all[row * classes.length + label] !== Number.NEGATIVE_INFINITY).length;
  if (telling < fewestRows) return { inverse: 1, rows: 0 };
  const weights = sampleWeights && takeFloats(sampleWeights, held);
  const inverse = likeliestInverse(all, classes.length, own, weights);
  return { inverse, rows: held.length, scores: conformalScores(all, classes.length, own, inverse, predicted) };
}
