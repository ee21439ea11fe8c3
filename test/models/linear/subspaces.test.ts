import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFittedInSubspaces, newDirections } from '../../../src/models/linear/subspaces.ts';
import type { FitProgress } from '../../../src/models/model.ts';
import { createHead } from '../../../src/models/registry.ts';
import type { Table } from '../../../src/rows/table.ts';
import { drawRows } from '../../classify/drawn-set.ts';

test('new directions are orthonormal, also to the basis, and span the new columns', async () => {
  const [rowCount, columnCount] = [30, 5];
  const columns = Float64Array.from(drawRows(rowCount, columnCount, 1, 7).data);
  // The last column depends on the others, and the first is as small as a gradient near the optimum.
  for (let i = 0; i < columns.length; i += columnCount) {
    columns[i] = 1e-9 * (columns[i] as number);
    columns[i + 4] = (columns[i + 1] as number) - 2 * (columns[i + 2] as number);
  }
  const matrix = (from: number, to: number) => ({
    rowCount,
    columnCount: to - from,
    data: columns.filter((_, i) => i % columnCount >= from && i % columnCount < to),
  });
  const basis = await newDirections(matrix(0, 2), undefined);
  const added = await newDirections(matrix(1, 5), basis);
  assert.deepEqual([basis.columnCount, added.columnCount], [2, 2]);
  const all = [basis, added].flatMap(({ data }) => [0, 1].map((c) => data.filter((_, i) => i % 2 === c)));
  const inner = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  for (const [i, a] of all.entries()) {
    for (const [j, b] of all.entries()) assert.ok(Math.abs(inner(a, b) - (i === j ? 1 : 0)) < 1e-6, `${i}, ${j}`);
  }
  const last = matrix(4, 5).data;
  const within = all.reduce((sum, direction) => sum + inner(last, direction) ** 2, 0);
  assert.ok(Math.abs(within / inner(last, last) - 1) < 1e-6);
});

/** Ten classes, rows of uneven weight, features far from centred. */
function tenClasses(): Table {
  const rowCount = 400;
  const features = drawRows(rowCount, 48, 10, 5, 1);
  features.data.forEach((value, i) => {
    features.data[i] = value + 2;
  });
  const labels = Int32Array.from({ length: rowCount }, (_, row) => row % 10);
  const sampleWeights = Float64Array.from({ length: rowCount }, (_, row) => 1 + (row % 2));
  return { features, labels, classes: [...'abcdefghij'], sampleWeights };
}

test('a fit that begins in subspaces ends at the optimum, the same on any number of threads', async () => {
  assert.ok(isFittedInSubspaces(48, 10));
  const table = tenClasses();
  for (const C of [0.001, 1, 100]) {
    const steps: FitProgress[] = [];
    const context = { seed: 0, threads: 2, onProgress: (event: FitProgress) => steps.push(event) };
    const fitted = await createHead('linear', { C }).fit(table, context);
    assert.ok(fitted.converged);
    // Rounds in subspaces are reported like steps, and the loss falls with each up to float32 rounding.
    assert.match(String(fitted.details['iterationsAre']), /^\d rounds in subspaces, then L-BFGS steps$/);
    const [first, ...others] = steps.filter(({ stage }) => stage === 'fit');
    assert.ok(first?.done === 1 && (first.gradient ?? 0) > 0);
    let { loss = Number.NaN } = first;
    for (const step of others) {
      assert.ok((step.loss ?? Number.NaN) <= loss * (1 + 1e-6), `${step.loss} after ${loss}`);
      loss = step.loss ?? Number.NaN;
    }
    const p = (await fitted.predictProba(table.features)).data;
    const weights = fitted.save().arrays['weights']?.data as Float32Array;
    // By the definition, in float64: the optimum's weights are C times the rows times the residuals.
    let furthest = 0;
    let size = 0;
    for (let d = 0; d < 48; d++) {
      for (let c = 0; c < 10; c++) {
        let sum = (weights[d * 10 + c] as number) / C;
        size = Math.max(size, Math.abs(sum));
        for (const [row, label] of table.labels.entries()) {
          const residual = (p[row * 10 + c] as number) - (label === c ? 1 : 0);
          sum += (1 + (row % 2)) * residual * ((table.features.data[row * 48 + d] as number) - 2);
        }
        furthest = Math.max(furthest, Math.abs(sum));
      }
    }
    assert.ok(furthest < 0.02 * Math.max(1, size), `${furthest} at C=${C}, ${size}`);
    const alone = await createHead('linear', { C }).fit(table, { seed: 0, threads: 1 });
    assert.deepEqual(alone.save().arrays, fitted.save().arrays);
  }
});

test('needs fewer passes over all features than L-BFGS alone', async () => {
  const table = tenClasses();
  const evaluations = async (classes: number): Promise<number> => {
    const labels = table.labels.map((label) => label % classes);
    const own = { ...table, labels, classes: table.classes.slice(0, classes) };
    return (await createHead('linear').fit(own, { seed: 0, threads: 1 })).details['evaluations'] as number;
  };
  const [many, few] = [await evaluations(10), await evaluations(7)];
  assert.ok(many < 0.85 * few, `${many} with subspaces, ${few} without`);
});
