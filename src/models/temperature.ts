import { takeRows } from '../numerics/matrix.ts';
import { evenPart } from '../rows/even-part.ts';
import type { Rows } from '../rows/stored-rows.ts';
import { type StoredTable, type Table, type TableOf, takeTableRows } from '../rows/table.ts';
import { foldsToHoldOut, mostHeldOut } from '../split/inner-folds.ts';
import { throwIfInterrupted } from '../system/interrupt.ts';
import type { FitContext, FittedHead, Head, SavedHead, StreamContext, StreamedFit } from './model.ts';
import { likeliestSlope, logInPlace, sharpenRows } from './temperature.kernel.ts';

const folds = 5;

/** What cross-validated rows say of a head's probabilities. */
interface HeldOut {
  readonly slope: number;
  /** 0 where no class has a row to spare. */
  readonly rows: number;
}

/**
 * A head whose probabilities are tempered (Guo and others, 2017): softmax(slope · log p), the slope being the likeliest
 * for training rows that the head had not seen, left out fold by fold. Predictions stay as they are.
 */
export function calibrated(head: Head): Head {
  const params = { ...head.params, calibrate: 'temperature' };
  return {
    model: head.model,
    solver: head.solver,
    params,
    // Where a head can do without folds, groups or views may still call for them.
    needs: (size) => [
      ...(head.tempered ?? head).needs(size),
      { what: 'rows of a fold', bytes: 4 * size.trainRows * size.dims },
      { what: 'cross-validated probabilities', bytes: 8 * mostHeldOut(size.trainRows, folds) * size.classes },
    ],
    ...(head.lighter === undefined ? {} : { lighter: head.lighter }),
    fit: async (train, context) => {
      if (head.tempered?.fits(train) === true) {
        const { fitted, ...found } = await head.tempered.fit(train, context, train.sampleWeights);
        const details = detailsOf(fitted, found, head.tempered.rowsAre);
        return calibratedHead({ ...fitted, details, params }, found.slope);
      }
      const inner = await head.fit(train, context);
      const found = await heldOutSlope(head, train, context);
      return calibratedHead({ ...inner, details: detailsOf(inner, found, 'cross-validated'), params }, found.slope);
    },
    ...(head.stream === undefined ? {} : { stream: calibratedStream(head.stream) }),
  };

  function calibratedStream({ fit, needs }: StreamedFit): StreamedFit {
    return {
      needs: (size) => [
        ...needs(size),
        {
          what: 'held-out probabilities',
          bytes: 8 * size.classes * Math.min(mostHeldOut(size.trainRows, folds), streamedRows(size.classes)),
        },
      ],
      fit: async (train, context) => {
        const inner = await fit(train, context);
        const found = await storedSlope(fit, train, context);
        return {
          ...calibratedHead({ ...inner, details: detailsOf(inner, found, 'cross-validated'), params }, found.slope),
          eachUncalibrated: inner.eachProbability,
          eachProbability: (features, ask, take) =>
            inner.eachProbability(features, ask, (places, probabilities) => {
              sharpenRows(probabilities, inner.classes.length, found.slope);
              take(places, probabilities);
            }),
        };
      },
    };
  }
}

function detailsOf(inner: FittedHead, { slope, rows }: HeldOut, rowsAre: string): FittedHead['details'] {
  const how = rows === 0 ? 'not calibrated: no row to spare' : `tempered on ${rows} ${rowsAre} rows`;
  return {
    ...inner.details,
    temperatureSlope: slope,
    temperatureRows: rows,
    probabilities: `${inner.details['probabilities']}, ${how}`,
  };
}

function calibratedHead(inner: FittedHead, slope: number): FittedHead {
  return {
    ...inner,
    uncalibrated: inner.predictProba,
    predictProba: async (features) => {
      const probabilities = await inner.predictProba(features);
      sharpenRows(probabilities.data, inner.classes.length, slope);
      return probabilities;
    },
    save: () => {
      const saved = inner.save();
      return { ...saved, params: inner.params, details: { ...saved.details, ...inner.details } };
    },
  };
}

/**
 * Restores a head that `calibrated` made, the inner one by `load`.
 */
export function loadCalibrated(saved: SavedHead, load: (saved: SavedHead) => FittedHead): FittedHead {
  const { calibrate, ...params } = saved.params;
  if (calibrate === undefined) return load(saved);
  return calibratedHead({ ...load({ ...saved, params }), params: saved.params }, savedTemperatureSlope(saved));
}

/** The slope of a saved head's probabilities, 1 where they are not tempered: what an exported network must do last. */
export function savedTemperatureSlope(saved: SavedHead): number {
  const slope = saved.details['temperatureSlope'];
  return typeof slope === 'number' ? slope : 1;
}

async function heldOutSlope(head: Head, table: Table, context: FitContext): Promise<HeldOut> {
  const { onProgress, test: _test, ...rest } = context;
  const quiet = { ...rest, forCalibration: true };
  const held: number[] = [];
  const logs: Float32Array[] = [];
  const splits = foldsToHoldOut(table, folds);
  for (const [done, fold] of splits.entries()) {
    throwIfInterrupted(context.signal);
    onProgress?.({ stage: 'calibration', done, total: splits.length });
    const fitted = await head.fit(takeTableRows(table, fold.train), quiet);
    logs.push((await fitted.predictProba(takeRows(table.features, fold.test))).data.map(Math.log));
    held.push(...fold.test);
  }
  return slopeOf(logs, held, table);
}

/** The same for rows on the disk, on as many held-out rows as one parameter asks for. */
async function storedSlope(fit: StreamedFit['fit'], table: StoredTable, context: StreamContext): Promise<HeldOut> {
  const { onProgress, test: _test, ...rest } = context;
  const quiet = { ...rest, forCalibration: true };
  const classCount = table.classes.length;
  const held: number[] = [];
  const logs: Float32Array[] = [];
  const splits = foldsToHoldOut(table, folds);
  for (const [done, fold] of splits.entries()) {
    throwIfInterrupted(context.signal);
    onProgress?.({ stage: 'calibration', done, total: splits.length });
    const fitted = await fit(takeTableRows(table, fold.train), quiet);
    const test = evenPart(fold.test, Math.ceil(streamedRows(classCount) / splits.length));
    const probabilities = new Float32Array(test.length * classCount);
    await fitted.eachProbability(takeTableRows(table, test).features, context, (places, block) => {
      places.forEach((place, i) => {
        probabilities.set(block.subarray(i * classCount, (i + 1) * classCount), place * classCount);
      });
    });
    logInPlace(probabilities);
    logs.push(probabilities);
    held.push(...test);
  }
  return slopeOf(logs, held, table);
}

/** Held-out rows whose probabilities are kept by stream: 8 MB of them, and enough of many classes too. */
function streamedRows(classCount: number): number {
  return Math.max(2000, Math.floor(2 ** 21 / classCount));
}

/** @param logs [rows, classes] of each fold, in the order of `held` */
function slopeOf(logs: readonly Float32Array[], held: readonly number[], table: TableOf<Rows>): HeldOut {
  if (held.length === 0) return { slope: 1, rows: 0 };
  const columnCount = table.classes.length;
  const all = new Float32Array(held.length * columnCount);
  let at = 0;
  for (const block of logs) {
    all.set(block, at);
    at += block.length;
  }
  const labels = Int32Array.from(held, (row) => table.labels[row] as number);
  const { sampleWeights } = table;
  const weights = sampleWeights && Float64Array.from(held, (row) => sampleWeights[row] as number);
  return { slope: likeliestSlope(all, columnCount, labels, weights), rows: held.length };
}
