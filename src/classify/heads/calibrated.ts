import { takeRows } from '../../features/matrix.ts';
import { foldsForCalibration } from '../inner-folds.ts';
import { throwIfInterrupted } from '../interrupt.ts';
import { likeliestSlope, sharpenRows } from '../solvers/slope.kernel.ts';
import { type Table, takeTableRows } from '../table.ts';
import type { FitContext, FittedHead, Head, SavedHead } from './head.ts';

const folds = 5;

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
    fit: async (train, context) => {
      const inner = await head.fit(train, context);
      const { slope, rows } = await heldOutSlope(head, train, context);
      const found = { temperatureSlope: slope, temperatureRows: rows };
      const how = rows === 0 ? 'not calibrated: no row to spare' : `tempered on ${rows} cross-validated rows`;
      const details = { ...inner.details, ...found, probabilities: `${inner.details['probabilities']}, ${how}` };
      return calibratedHead({ ...inner, details, params }, slope);
    },
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

async function heldOutSlope(
  head: Head,
  table: Table,
  context: FitContext,
): Promise<{ readonly slope: number; readonly rows: number }> {
  const { onProgress, test: _test, ...quiet } = context;
  const columnCount = table.classes.length;
  const held: number[] = [];
  const logs: Float32Array[] = [];
  const splits = foldsForCalibration(table, folds);
  for (const [done, fold] of splits.entries()) {
    throwIfInterrupted(context.signal);
    onProgress?.({ stage: 'calibration', done, total: splits.length });
    const fitted = await head.fit(takeTableRows(table, fold.train), quiet);
    logs.push((await fitted.predictProba(takeRows(table.features, fold.test))).data.map(Math.log));
    held.push(...fold.test);
  }
  if (held.length === 0) return { slope: 1, rows: 0 };
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
