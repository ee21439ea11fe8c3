import { join } from 'node:path';
import { sweptHead } from '../../../src/classify/sweep/swept-head.ts';
import type { SavedHead } from '../../../src/models/model.ts';
import { createHead, headKind } from '../../../src/models/registry.ts';
import type { Matrix } from '../../../src/numerics/matrix.ts';
import { programVersion } from '../../../src/system/version.ts';
import type { BenchCase, Measured } from './cases.ts';
import { readLabels, readMatrix } from './data.ts';
import { softmaxObjective, squaredHingeObjective } from './objective.kernel.ts';

/** Fits one head in this process, predicts, and prints the measurements. */
const [folder = '', chosen = '', threads = '1'] = process.argv.slice(2);
const { model, params, rows, sweep, agreement } = JSON.parse(chosen) as BenchCase;
const { classCount, train, test } = readLabels(folder);
const table = {
  features: firstRows(readMatrix(join(folder, 'train.npy')), rows),
  labels: Int32Array.from(train.slice(0, rows)),
  classes: Array.from({ length: classCount }, (_, c) => `class ${c}`),
};
const testFeatures = readMatrix(join(folder, 'test.npy'));

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const processorAt = process.cpuUsage();
const started = performance.now();
const head =
  sweep === undefined
    ? createHead(model, params)
    : sweptHead(headKind(model), params, sweep, { cv: 5, oneStandardError: false });
const fitted = await head.fit(table, { seed: 0, threads: Number(threads), signal: stop.signal });
const fittedAt = performance.now();
const predictions = await fitted.predict(testFeatures);
const scoredAt = performance.now();
const processor = process.cpuUsage(processorAt);
// Before anything else is computed: the peak is that of fit and prediction.
const peakBytes = process.resourceUsage().maxRSS * 1024;
const { evaluations, startEvaluations } = fitted.details;
const measured: Measured = {
  fitSeconds: (fittedAt - started) / 1000,
  scoreSeconds: (scoredAt - fittedAt) / 1000,
  processorSeconds: (processor.user + processor.system) / 1e6,
  accuracy: predictions.filter((label, row) => label === test[row]).length / test.length,
  converged: fitted.converged,
  iterations: fitted.iterations,
  ...(typeof evaluations === 'number' ? { evaluations } : {}),
  ...(typeof startEvaluations === 'number' ? { startEvaluations } : {}),
  peakBytes,
  predictions: Array.from(predictions),
  version: `featuretap ${programVersion()}`,
  ...objective(),
};
console.log(JSON.stringify(measured));

function firstRows(matrix: Matrix, count = matrix.rowCount): Matrix {
  const rowCount = Math.min(matrix.rowCount, count);
  return { ...matrix, rowCount, data: matrix.data.subarray(0, rowCount * matrix.columnCount) };
}

/** Computed in float64 where it must agree; else as reported by the fit, at no cost. */
function objective(): Pick<Measured, 'objective'> {
  const C = Number(params['C']);
  if (agreement === 'objective') return { objective: objectiveOf(fitted.save(), C) };
  const reported = fitted.details['objective'];
  return typeof reported === 'number' && sweep === undefined ? { objective: C * reported } : {};
}

function objectiveOf({ model, arrays }: SavedHead, C: number): number {
  const weights = arrays['weights']?.data as Float32Array;
  const bias = arrays['bias']?.data as Float32Array;
  const problem = { features: table.features.data, labels: table.labels, weights, bias, C };
  return model === 'linear' ? softmaxObjective(problem) : squaredHingeObjective(problem);
}
