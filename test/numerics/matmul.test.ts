import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multiply, multiplyTransposed } from '../../src/numerics/matmul.ts';
import type { Matrix } from '../../src/numerics/matrix.ts';
import { randomState } from '../../src/numerics/mt19937.kernel.ts';
import { rowsTimesColumn } from '../../src/numerics/rows-times-column.ts';
import { InterruptedError } from '../../src/system/errors.ts';

function draw(rowCount: number, columnCount: number, seed: number): Matrix {
  const random = randomState(seed);
  const data = new Float32Array(rowCount * columnCount);
  for (let i = 0; i < data.length; i++) data[i] = random.double() - 0.3;
  return { rowCount, columnCount, data };
}

function turn({ rowCount, columnCount, data }: Matrix): Matrix {
  const turned = Float32Array.from(data, (_, i) => data[(i % rowCount) * columnCount + Math.floor(i / rowCount)] ?? 0);
  return { rowCount: columnCount, columnCount: rowCount, data: turned };
}

function at(matrix: Matrix, row: number, column: number): number {
  return matrix.data[row * matrix.columnCount + column] as number;
}

/** The same product in float64, element by element. */
function slowProduct(left: Matrix, right: Matrix): number[] {
  return Array.from({ length: left.rowCount * right.columnCount }, (_, i) => {
    const [row, column] = [Math.floor(i / right.columnCount), i % right.columnCount];
    let sum = 0;
    for (let k = 0; k < left.columnCount; k++) sum += at(left, row, k) * at(right, k, column);
    return sum;
  });
}

const shapes: readonly (readonly [rows: number, depth: number, columns: number])[] = [
  [1, 1, 1],
  [1, 700, 90],
  [90, 700, 1],
  [3, 900, 65],
  [30, 1500, 120],
  [65, 600, 130],
  [130, 600, 65],
  [64, 900, 64],
  [17, 3000, 17],
  [200, 300, 40],
];

for (const [rows, depth, columns] of shapes) {
  test(`multiplies [${rows}, ${depth}] by [${depth}, ${columns}], the same bits on 1, 2, 3, 5 and 16 threads`, async () => {
    const left = draw(rows, depth, 1);
    const right = draw(depth, columns, 2);
    const expected = slowProduct(left, right);
    const plain = await multiply(left, right, { threads: 1 });
    const transposed = await multiplyTransposed(left, turn(right), { threads: 1 });
    for (const found of [plain, transposed]) {
      assert.deepEqual([found.rowCount, found.columnCount], [rows, columns]);
      found.data.forEach((value, i) => {
        assert.ok(Math.abs(value - (expected[i] as number)) < 1e-3, `${value} against ${expected[i]} at ${i}`);
      });
    }
    for (const threads of [2, 3, 5, 16]) {
      assert.deepEqual((await multiply(left, right, { threads })).data, plain.data);
      assert.deepEqual((await multiplyTransposed(left, turn(right), { threads })).data, transposed.data);
    }
  });
}

for (const [rows, depth] of [
  [1, 5],
  [15, 70],
  [1000, 257],
  [4099, 64],
] as const) {
  test(`multiplies ${rows} rows of ${depth} by one column, the same bits on 1, 2, 3, 5, 7 and 16 threads`, async () => {
    const left = draw(rows, depth, 3);
    const right = draw(depth, 1, 4);
    const expected = slowProduct(left, right);
    const alone = await rowsTimesColumn(left, right.data, 1);
    alone.forEach((value, i) => {
      assert.ok(Math.abs(value - (expected[i] as number)) < 1e-3, `${value} against ${expected[i]} at ${i}`);
    });
    assert.equal(alone.length, rows);
    for (const threads of [2, 3, 5, 7, 16]) assert.deepEqual(await rowsTimesColumn(left, right.data, threads), alone);
  });
}

test('reads and writes shared memory', async () => {
  const shared = (matrix: Matrix): Matrix => {
    const data = new Float32Array(new SharedArrayBuffer(4 * matrix.data.length));
    data.set(matrix.data);
    return { ...matrix, data };
  };
  const left = draw(70, 50, 3);
  const right = draw(66, 50, 4);
  const into = new Float32Array(new SharedArrayBuffer(4 * 70 * 66));
  await multiplyTransposed(shared(left), shared(right), { threads: 2 }, into);
  assert.deepEqual([...into], [...(await multiplyTransposed(left, right, { threads: 2 })).data]);
});

test('computes a product in blocks of rows with the same numbers, and an interrupt stops between them', async () => {
  // 2 blocks: 10^10 multiply-adds hold 2,441 of these rows.
  const left = draw(2500, 2048, 5);
  const right = draw(2000, 2048, 6);
  const whole = await multiplyTransposed(left, right, { threads: 2 });
  for (const row of [0, 2440, 2441, 2499]) {
    let sum = 0;
    for (let k = 0; k < 2048; k++) sum += at(left, row, k) * at(right, 1999, k);
    assert.ok(Math.abs(at(whole, row, 1999) - sum) < 1e-2);
  }
  const controller = new AbortController();
  const started = multiplyTransposed(left, right, { threads: 2, signal: controller.signal });
  controller.abort();
  await assert.rejects(started, InterruptedError);
});

test('rejects matrices whose shapes do not match', async () => {
  await assert.rejects(
    multiply(draw(2, 3, 1), draw(4, 2, 1), { threads: 1 }),
    /\[2, 3\] and \[4, 2\][\s\S]*expected: 4 columns/,
  );
});
