import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pickSymmetric, symmetricValue, totalVariance } from '../../../../src/models/svm/gram/gram.kernel.ts';
import {
  allocateGram,
  gramMatrix,
  type Kernel,
  kernelBlock,
  kernelRows,
} from '../../../../src/models/svm/gram/gram.ts';
import { columnMeans } from '../../../../src/numerics/linear-loss.kernel.ts';
import { randomState } from '../../../../src/numerics/mt19937.kernel.ts';
import { InterruptedError, UserError } from '../../../../src/system/errors.ts';

function drawn(rowCount: number, columnCount: number): Float32Array {
  const random = randomState(1);
  return Float32Array.from({ length: rowCount * columnCount }, () => random.double() + 5);
}

const everyRow = (count: number): Int32Array => Int32Array.from({ length: count }, (_, row) => row);

for (const kernel of [{ name: 'linear' }, { name: 'rbf', gamma: 0.01 }] as const satisfies readonly Kernel[]) {
  test(`the ${kernel.name} Gram matrix agrees with sums in float64`, async () => {
    // The larger shapes use ONNX Runtime, the last one in several blocks of rows and columns.
    for (const [rowCount, columnCount] of [
      [7, 3],
      [300, 64],
      [1700, 5],
    ] as const) {
      const data = drawn(rowCount, columnCount);
      const centre = columnMeans(data, columnCount, undefined);
      const rows = kernelRows(data, columnCount, everyRow(rowCount), centre);
      const gram = await gramMatrix(rows, kernel, { threads: 2 });
      assert.ok(gram.buffer instanceof SharedArrayBuffer);
      for (let a = 0; a < rowCount; a++) {
        for (let b = 0; b < rowCount; b++) {
          let product = 0;
          let distance = 0;
          for (let k = 0; k < columnCount; k++) {
            const x = (data[a * columnCount + k] as number) - (centre[k] as number);
            const y = (data[b * columnCount + k] as number) - (centre[k] as number);
            product += x * y;
            distance += (x - y) ** 2;
          }
          const expected = kernel.name === 'linear' ? product : Math.exp(-kernel.gamma * distance);
          assert.ok(Math.abs(symmetricValue(gram, rowCount, a, b) - expected) < 1e-5);
        }
      }
    }
  });

  test(`${kernel.name} kernel values have the same bits on any number of threads`, async () => {
    const data = drawn(500, 300);
    const rows = kernelRows(data, 300, everyRow(500), new Float64Array(300));
    const few = kernelRows(data, 300, everyRow(90), new Float64Array(300));
    const many = kernelRows(drawn(1700, 5), 5, everyRow(1700), new Float64Array(5));
    for (const all of [rows, many]) {
      assert.deepEqual(await gramMatrix(all, kernel, { threads: 4 }), await gramMatrix(all, kernel, { threads: 1 }));
    }
    for (const [a, b] of [
      [rows, few],
      [few, rows],
    ] as const) {
      const one = await kernelBlock(a, b, kernel, { threads: 1 });
      assert.deepEqual(await kernelBlock(a, b, kernel, { threads: 4 }), one);
    }
  });
}

test('computes the variance of all features together, like NumPy', () => {
  assert.equal(totalVariance(Float32Array.of(1, 2, 3, 4)), 1.25);
});

test('a Gram matrix that does not fit into memory is rejected with an alternative', () => {
  assert.throws(
    () => allocateGram(50_000, 2 ** 30),
    (error) =>
      error instanceof UserError &&
      /9\.3 GiB needed, 1\.0 GiB free[\s\S]*--solver linearsvc or --model linear/.test(error.message),
  );
});

test('an aborted Gram matrix stops with InterruptedError', async () => {
  const rows = kernelRows(drawn(4, 2), 2, everyRow(4), new Float64Array(2));
  const context = { threads: 1, signal: AbortSignal.abort() };
  await assert.rejects(gramMatrix(rows, { name: 'linear' }, context), InterruptedError);
});

test('reads values of any rows and columns from the lower triangle alone', () => {
  // value(a, b) = 10 a + b for a >= b; NaN above the diagonal.
  const lower = Float32Array.from({ length: 25 }, (_, at) => {
    const [a, b] = [Math.floor(at / 5), at % 5];
    return a >= b ? 10 * a + b : Number.NaN;
  });
  assert.deepEqual([...pickSymmetric(lower, 5, Int32Array.of(4, 0, 2), Int32Array.of(1, 3))], [41, 43, 10, 30, 21, 32]);
});

test('rows whose products overflow float32 are rejected with a fix', () => {
  const data = Float32Array.of(1, 2, 1e19, 1e19);
  assert.throws(
    () => kernelRows(data, 2, Int32Array.of(0, 1), new Float64Array(2)),
    /row 1[\s\S]*2\.00e\+38[\s\S]*--scale/,
  );
});
