import assert from 'node:assert/strict';
import { test } from 'node:test';
import { symmetricValue } from '../../../src/models/svm/gram/gram.kernel.ts';
import { gramMatrix, type Kernel, kernelRows } from '../../../src/models/svm/gram/gram.ts';
import { fitPairs, type PairsInput } from '../../../src/models/svm/svc-pairs.ts';
import { randomState } from '../../../src/numerics/mt19937.kernel.ts';
import { InterruptedError } from '../../../src/system/errors.ts';

/** Noise around one centre per class, class by class. */
async function drawnInput(classCount: number, perClass: number, kernel: Kernel): Promise<PairsInput> {
  const dims = 24;
  const random = randomState(3);
  const rowCount = classCount * perClass;
  const data = new Float32Array(rowCount * dims);
  for (let c = 0; c < classCount; c++) {
    const centre = Float64Array.from({ length: dims }, () => random.double());
    for (let i = 0; i < perClass; i++) {
      for (let d = 0; d < dims; d++) {
        data[(c * perClass + i) * dims + d] = (centre[d] as number) + 2.5 * (random.double() - 0.5);
      }
    }
  }
  const all = Int32Array.from({ length: rowCount }, (_, row) => row);
  const rows = kernelRows(data, dims, all, new Float64Array(dims));
  return {
    gram: await gramMatrix(rows, kernel, { threads: 2 }),
    stride: rowCount,
    rows: all,
    classStart: Int32Array.from({ length: classCount + 1 }, (_, c) => c * perClass),
    caps: new Float64Array(rowCount).fill(10),
    folds: all.map((row) => row % 5),
    foldCount: 2,
    epsilon: 1e-3,
    maxIterations: 10_000_000,
  };
}

test('the result does not depend on the number of threads', async () => {
  const input = { ...(await drawnInput(24, 60, { name: 'rbf', gamma: 0.1 })), foldCount: 5 };
  input.caps.fill(0.5);
  const one = await fitPairs(input, { threads: 1 });
  const three = await fitPairs(input, { threads: 3, kernelValuesPerThread: 1 });
  assert.deepEqual(three.coefficients, one.coefficients);
  assert.deepEqual(three.rho, one.rho);
  assert.deepEqual(three.heldOut, one.heldOut);
  assert.deepEqual(three.iterations, one.iterations);
  assert.ok(one.gaps.every((gap) => gap < 1e-3));
});

test("held-out values are those of classifiers fitted without the row's fold, on the same Gram matrix", async () => {
  const input = { ...(await drawnInput(3, 20, { name: 'rbf', gamma: 0.1 })), epsilon: 1e-10 };
  const { heldOut } = await fitPairs(input, { threads: 1 });
  const kept = input.rows.filter((row) => (input.folds as Int32Array)[row] !== 1);
  const without = await fitPairs(
    {
      ...input,
      rows: kept,
      classStart: Int32Array.of(0, 16, 32, 48),
      caps: new Float64Array(kept.length).fill(10),
      folds: new Int32Array(kept.length).fill(-1),
      foldCount: 0,
    },
    { threads: 1 },
  );
  // Rows 1, 6, 11 … are in fold 1; each has a value of the classifier with each of the two other classes.
  const slots = 2;
  for (const row of [1, 21, 46]) {
    const own = Math.floor(row / 20);
    for (let other = 0; other < 3; other++) {
      if (other === own) continue;
      const [low, high] = [Math.min(own, other), Math.max(own, other)];
      let value = -(without.rho[low === 0 ? high - 1 : 2] as number);
      kept.forEach((gramRow, i) => {
        const c = Math.floor(gramRow / 20);
        if (c !== low && c !== high) return;
        const coefficient = without.coefficients[i * slots + (c === low ? high - 1 : low)] as number;
        value += coefficient * symmetricValue(input.gram, input.stride, row, gramRow);
      });
      const found = heldOut[row * slots + (other < own ? other : other - 1)] as number;
      assert.ok(Math.abs(found - value) < 1e-8, `row ${row} against class ${other}: ${found} and ${value}`);
    }
  }
  assert.ok(Number.isNaN(heldOut[2 * slots] as number), 'fold 2 was not run');
});

test('an abort stops a long fit and its workers', async () => {
  // Equal rows of both classes, at a tolerance that rounding cannot reach: it would run to its last step.
  const input = { ...(await drawnInput(4, 400, { name: 'linear' })), epsilon: 1e-300, maxIterations: 2 ** 31 - 1 };
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 300);
  await assert.rejects(
    fitPairs(input, { threads: 3, kernelValuesPerThread: 1, signal: stop.signal }),
    InterruptedError,
  );
});
