import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spanOfRows } from '../../../src/models/linear/row-span.ts';
import type { Matrix } from '../../../src/numerics/matrix.ts';
import { meansOf } from '../../../src/rows/scale.ts';
import { drawRows } from '../../classify/drawn-set.ts';

/** [a.rowCount, b.rowCount] in float64, rows of `a` minus their means. */
function products(a: Matrix, means: Float64Array): number[][] {
  const row = (i: number): number[] =>
    Array.from({ length: a.columnCount }, (_, d) => (a.data[i * a.columnCount + d] as number) - (means[d] as number));
  const rows = Array.from({ length: a.rowCount }, (_, i) => row(i));
  return rows.map((x) => rows.map((y) => x.reduce((sum, value, d) => sum + value * (y[d] as number), 0)));
}

// 150 rows are more than two blocks of the factor, 300 features more than one of the features.
for (const [rowCount, dims] of [
  [1, 3],
  [5, 11],
  [150, 300],
] as const) {
  test(`${rowCount} rows of ${dims} features keep inner products and scores in their span`, async () => {
    const features = drawRows(rowCount, dims, 3, 1);
    // One row twice makes the Gram matrix singular.
    if (rowCount > 1) features.data.copyWithin(dims, 0, dims);
    const means = rowCount === 1 ? new Float64Array(dims) : await meansOf(features);
    const span = await spanOfRows(features, means, undefined);
    assert.ok(span);
    const expected = products(features, means);
    const found = products(span.rows, new Float64Array(rowCount));
    found.forEach((row, i) => {
      row.forEach((value, j) => {
        assert.ok(Math.abs(value - (expected[i]?.[j] as number)) < 1e-4, `${i}, ${j}: ${value}, ${expected[i]?.[j]}`);
      });
    });
    // Weights that are sums of rows, like the optimum's.
    const columns = 2;
    const weights = new Float64Array(rowCount * columns);
    for (let i = 0; i < rowCount; i++) {
      for (let k = 0; k < rowCount; k++) {
        const value = span.rows.data[i * rowCount + k] as number;
        weights[k * columns] = (weights[k * columns] as number) + value * Math.cos(i);
        weights[k * columns + 1] = (weights[k * columns + 1] as number) + value;
      }
    }
    const expanded = await span.expand(weights, columns);
    for (let i = 0; i < rowCount; i++) {
      let [inSpan, inFeatures] = [0, 0];
      for (let k = 0; k < rowCount; k++) {
        inSpan += (span.rows.data[i * rowCount + k] as number) * (weights[k * columns] as number);
      }
      for (let d = 0; d < dims; d++) {
        const value = (features.data[i * dims + d] as number) - (means[d] as number);
        inFeatures += value * (expanded[d * columns] as number);
      }
      assert.ok(Math.abs(inSpan - inFeatures) < 1e-3, `row ${i}: ${inSpan}, ${inFeatures}`);
    }
  });
}

test('identical rows have no span', async () => {
  const features = { rowCount: 4, columnCount: 6, data: new Float32Array(24).fill(0.5) };
  assert.equal(await spanOfRows(features, await meansOf(features), undefined), undefined);
});
