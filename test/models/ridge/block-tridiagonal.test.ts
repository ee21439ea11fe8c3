import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BlockTridiagonalForm,
  blockSide,
  blockTridiagonalize,
} from '../../../src/models/ridge/block-tridiagonal.ts';
import { factorShifted, inverseForms, solveShifted } from '../../../src/models/ridge/shifted.ts';
import { randomState } from '../../../src/numerics/mt19937.kernel.ts';
import { InterruptedError } from '../../../src/system/errors.ts';
import { checkClose } from '../golden-heads.ts';

/** A positive definite matrix: X Xᵀ of random numbers. */
function drawMatrix(size: number): Float64Array {
  const random = randomState(size);
  const rows = Float64Array.from({ length: size * size }, () => random.double() - 0.5);
  return product(rows, rows, size, true);
}

function product(left: Float64Array, right: Float64Array, size: number, turnRight: boolean): Float64Array {
  const columns = right.length / size;
  return Float64Array.from({ length: left.length === right.length ? size * size : size * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let k = 0; k < size; k++) sum += left[i * size + k]! * right[turnRight ? j * size + k : k * columns + j]!;
    return sum;
  });
}

/** B as a plain matrix. */
function wholeBlocks({ diagonal, below }: BlockTridiagonalForm, size: number): Float64Array {
  const whole = new Float64Array(size * size);
  diagonal.forEach((block, k) => {
    const width = Math.sqrt(block.length);
    block.forEach((value, at) => {
      whole[(k * blockSide + Math.floor(at / width)) * size + k * blockSide + (at % width)] = value;
    });
    below[k]?.forEach((value, at) => {
      const [row, column] = [(k + 1) * blockSide + Math.floor(at / blockSide), k * blockSide + (at % blockSide)];
      whole[row * size + column] = value;
      whole[column * size + row] = value;
    });
  });
  return whole;
}

const context = { threads: 2 };

for (const size of [1, blockSide, blockSide + 1, 2 * blockSide, 2 * blockSide + 1, 3 * blockSide + 5]) {
  test(`a matrix of side ${size} equals its block tridiagonal form times orthogonal matrices`, async () => {
    const matrix = drawMatrix(size);
    const form = await blockTridiagonalize(matrix.slice(), size, context);
    const q = form.rotation.data;
    const unit = Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0));
    checkClose(product(q, q, size, true), [...unit], 1e-12, 'Q Qᵀ');
    checkClose(product(product(q, wholeBlocks(form, size), size, false), q, size, true), [...matrix], 1e-12, 'A');
    assert.ok(form.diagonal.every((block) => block.length <= blockSide ** 2));
  });

  test(`solves shifted systems with a matrix of side ${size}`, async () => {
    const form = await blockTridiagonalize(drawMatrix(size), size, context);
    const whole = wholeBlocks(form, size);
    const random = randomState(1);
    const columns = 3;
    const right = Float64Array.from({ length: size * columns }, () => random.double());
    const shifts = [0.25, 4];
    const factors = factorShifted(form, shifts);
    const matrix = { rowCount: size, columnCount: columns, data: right };
    const solution = await solveShifted(factors, matrix, 1);
    const forms = await inverseForms(factors, matrix, 1);
    for (const [s, shift] of shifts.entries()) {
      const own = Float64Array.from({ length: size * columns }, (_, at) => {
        return solution.data[Math.floor(at / columns) * shifts.length * columns + s * columns + (at % columns)]!;
      });
      const shifted = whole.map((value, at) => value + (at % (size + 1) === 0 ? shift : 0));
      checkClose(product(shifted, own, size, false), [...right], 1e-11, `shift ${shift}`);
      const expected = Array.from({ length: columns }, (_, c) => {
        let sum = 0;
        for (let i = 0; i < size; i++) sum += right[i * columns + c]! * own[i * columns + c]!;
        return sum;
      });
      checkClose(forms.subarray(s * columns, (s + 1) * columns), expected, 1e-11, `forms, shift ${shift}`);
    }
  });
}

test('only the lower triangle is read, and a matrix of zeros can be reduced', async () => {
  const size = blockSide + 9;
  const matrix = drawMatrix(size);
  const lower = matrix.map((value, at) => (at % size > Math.floor(at / size) ? Number.NaN : value));
  const [one, other] = [
    await blockTridiagonalize(matrix, size, context),
    await blockTridiagonalize(lower, size, context),
  ];
  assert.deepEqual(other, one);
  const zeros = await blockTridiagonalize(new Float64Array(100 * 100), 100, context);
  assert.ok(zeros.diagonal.every((block) => block.every((value) => value === 0)));
});

test('an interrupt stops a reduction', async () => {
  const size = blockSide + 1;
  const run = blockTridiagonalize(drawMatrix(size), size, { threads: 1, signal: AbortSignal.abort() });
  await assert.rejects(run, (error) => error instanceof InterruptedError);
});
