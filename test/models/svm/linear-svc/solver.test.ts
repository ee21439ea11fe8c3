import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DualJob, dualRunner, groupBounds } from '../../../../src/models/svm/linear-svc/dual-descent.kernel.ts';
import { plainClassifiers } from '../../../../src/models/svm/linear-svc/row-classifiers.kernel.ts';
import { wasmClassifiers } from '../../../../src/models/svm/linear-svc/row-classifiers.ts';
import { linearSvcObjective, linearSvcSolver } from '../../../../src/models/svm/linear-svc/solver.ts';
import type { Table } from '../../../../src/rows/table.ts';
import { InterruptedError } from '../../../../src/system/errors.ts';
import { drawRows } from '../../../classify/drawn-set.ts';

function drawnTable(rows: number, dims: number, classCount: number): Table {
  return {
    features: drawRows(rows, dims, classCount, 1, 1),
    labels: Int32Array.from({ length: rows }, (_, row) => row % classCount),
    classes: Array.from({ length: classCount }, (_, c) => `class ${c}`),
  };
}

function jobOf({ features, labels, classes }: Table, groups: number): DualJob {
  return {
    features: features.data,
    dims: features.columnCount,
    labels,
    caps: new Float64Array(labels.length).fill(0.1),
    classCount: classes.length,
    groupStart: groupBounds(classes.length, 64, groups),
    tolerance: 1e-4,
    maxPasses: 500,
    coefficients: new Float32Array(classes.length * labels.length),
    passes: new Int32Array(classes.length),
    gaps: new Float64Array(classes.length),
    converged: new Uint8Array(classes.length),
    control: new Int32Array(new SharedArrayBuffer(12)),
  };
}

function run(job: DualJob, classifiers: typeof plainClassifiers, products: number): void {
  const runner = dualRunner(job, classifiers);
  while (!runner(products));
}

for (const dims of [1, 15, 16, 37]) {
  test(`WebAssembly takes the JavaScript loops' steps to the bit: ${dims} features`, () => {
    const table = drawnTable(60, dims, 5);
    const [wasm, plain] = [jobOf(table, 1), jobOf(table, 1)];
    run(wasm, wasmClassifiers, 50);
    run(plain, plainClassifiers, 1e6);
    assert.deepEqual(wasm.coefficients, plain.coefficients);
    assert.ok(plain.passes.every((passes) => passes > 1));
  });
}

test('a classifier takes the same steps with any other classifiers on its rows', () => {
  const table = drawnTable(80, 20, 7);
  const [together, apart] = [jobOf(table, 1), jobOf(table, 7)];
  run(together, wasmClassifiers, 1e6);
  run(apart, wasmClassifiers, 1e6);
  assert.equal(apart.groupStart.length, 8);
  assert.deepEqual(apart.coefficients, together.coefficients);
  assert.deepEqual(apart.passes, together.passes);
});

test('the fit has the same bits on one thread and on three', async () => {
  const table = drawnTable(90, 30, 24);
  const options = { C: 0.5, maxIterations: 1000 };
  const one = await linearSvcSolver(table, { threads: 1 })(options);
  const three = await linearSvcSolver(table, { threads: 3, multiplyAddsPerThread: 1 })(options);
  assert.deepEqual(three, one);
  assert.equal(one.converged, true);
});

test('a row of weight 0 has no influence: the optimum is that of the table without it', async () => {
  const whole = drawnTable(100, 12, 4);
  const kept = Int32Array.from({ length: 80 }, (_, i) => i);
  const part = {
    ...whole,
    features: { rowCount: 80, columnCount: 12, data: whole.features.data.slice(0, 80 * 12) },
    labels: whole.labels.slice(0, 80),
  };
  const rowWeights = new Float64Array(100);
  for (const row of kept) rowWeights[row] = 1;
  const options = { C: 0.3, maxIterations: 1000, tolerance: 1e-6 };
  const solve = linearSvcSolver(whole, { threads: 1 });
  const start = (await solve(options)).coefficients;
  const without = await solve({ ...options, rowWeights, start });
  const expected = await linearSvcSolver(part, { threads: 1 })(options);
  without.weights.forEach((weight, i) => {
    assert.ok(Math.abs(weight - (expected.weights[i] as number)) < 1e-4, `${i}: ${weight}, ${expected.weights[i]}`);
  });
  for (let c = 0; c < 4; c++)
    assert.ok(without.coefficients.subarray(c * 100 + 80, (c + 1) * 100).every((y) => y === 0));
});

test('L-BFGS finishes a slow descent, and a fit without steps left for it reports that', async () => {
  const drawn = drawnTable(60, 5, 3);
  const data = drawn.features.data.slice();
  for (let row = 0; row < 60; row++) data[row * 5 + 4] = 30;
  const table = { ...drawn, features: { ...drawn.features, data } };
  const solve = linearSvcSolver(table, { threads: 1 });
  const fit = await solve({ C: 1, maxIterations: 200 });
  assert.ok(fit.finishingSteps > 0);
  assert.equal(fit.converged, true);
  const { value } = await linearSvcObjective(table, fit, 1, { threads: 1 });
  const short = await solve({ C: 1, maxIterations: 2 });
  assert.equal(short.converged, false);
  assert.ok(value < (await linearSvcObjective(table, short, 1, { threads: 1 })).value);
});

test('an interrupt stops a fit', async () => {
  const table = drawnTable(300, 40, 30);
  await assert.rejects(
    linearSvcSolver(table, { threads: 2, multiplyAddsPerThread: 1, signal: AbortSignal.abort() })({
      C: 1,
      maxIterations: 1000,
    }),
    InterruptedError,
  );
});
