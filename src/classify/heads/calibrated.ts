import { takeRows } from '../../features/matrix.ts';
import type { Rows } from '../../features/stored-rows.ts';
import { foldsForCalibration } from '../inner-folds.ts';
import { throwIfInterrupted } from '../interrupt.ts';
import { logInPlace, type SlopeLoss, sharpenRows, slopeLoss } from '../solvers/slope.kernel.ts';
import { likeliestSlope } from '../solvers/slope.ts';
import type { Split } from '../split.ts';
import { type StoredTable, type Table, type TableOf, takeTableRows } from '../table.ts';
import type { FitContext, FittedHead, Head, SavedHead, StreamContext, StreamedFit, StreamedHead } from './head.ts';

const folds = 5;
/** One factor is known well enough from this many held-out rows: with many rows a fold or two will do. */
const enoughRows = 1000;

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
    fit: async (train, context) => {
      const inner = await head.fit(train, context);
      const found = await heldOutSlope(head, train, context);
      return calibratedHead({ ...inner, details: detailsOf(inner, found), params }, found.slope);
    },
    ...(head.stream === undefined ? {} : { stream: calibratedStream(head.stream) }),
  };

  function calibratedStream({ fit, needs }: StreamedFit): StreamedFit {
    return {
      needs: (size) => [
        ...needs(size),
        { what: 'heads of the folds', bytes: 4 * folds * (size.dims + 1) * size.classes },
      ],
      fit: async (train, context) => {
        const inner = await fit(train, context);
        const found = await storedSlope(fit, train, context);
        return {
          ...calibratedHead({ ...inner, details: detailsOf(inner, found), params }, found.slope),
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

function detailsOf(inner: FittedHead, { slope, rows }: HeldOut): FittedHead['details'] {
  const how = rows === 0 ? 'not calibrated: no row to spare' : `tempered on ${rows} cross-validated rows`;
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

/** Folds until enough rows are held out; none where no class has a row to spare. */
function foldsToRun(table: TableOf<Rows>): readonly Split[] {
  const all = foldsForCalibration(table, folds);
  let held = 0;
  const enough = all.findIndex(({ test }) => {
    held += test.length;
    return held >= enoughRows;
  });
  return enough < 0 ? all : all.slice(0, enough + 1);
}

async function heldOutSlope(head: Head, table: Table, context: FitContext): Promise<HeldOut> {
  const { onProgress, test: _test, ...quiet } = context;
  const columnCount = table.classes.length;
  const held: number[] = [];
  const logs: Float32Array[] = [];
  const splits = foldsToRun(table);
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
  const slope = await likeliestSlope((tried) => slopeLoss(all, columnCount, labels, weights, tried));
  return { slope, rows: held.length };
}

/**
 * The same slope for rows on the disk. Their probabilities are not kept: the heads of the folds are, and each slope that
 * is tried goes through the held-out rows once more.
 */
async function storedSlope(fit: StreamedFit['fit'], table: StoredTable, context: StreamContext): Promise<HeldOut> {
  const { onProgress, test: _test, ...quiet } = context;
  const parts: { readonly fitted: StreamedHead; readonly held: StoredTable }[] = [];
  const splits = foldsToRun(table);
  for (const [done, fold] of splits.entries()) {
    throwIfInterrupted(context.signal);
    onProgress?.({ stage: 'calibration', done, total: splits.length });
    const fitted = await fit(takeTableRows(table, fold.train), quiet);
    parts.push({ fitted, held: takeTableRows(table, fold.test) });
  }
  const rows = parts.reduce((sum, { held }) => sum + held.labels.length, 0);
  if (rows === 0) return { slope: 1, rows };
  const lossAt = async (slope: number): Promise<SlopeLoss> => {
    const total = { loss: 0, gradient: 0, curvature: 0 };
    for (const { fitted, held } of parts) {
      const { labels, sampleWeights, features, classes } = held;
      await fitted.eachProbability(features, context, (places, probabilities) => {
        logInPlace(probabilities);
        const own = Int32Array.from(places, (place) => labels[place] as number);
        const weights = sampleWeights && Float64Array.from(places, (place) => sampleWeights[place] as number);
        const part = slopeLoss(probabilities, classes.length, own, weights, slope);
        total.loss += part.loss;
        total.gradient += part.gradient;
        total.curvature += part.curvature;
      });
    }
    return total;
  };
  return { slope: await likeliestSlope(lossAt), rows };
}
