import assert from 'node:assert/strict';
import { test } from 'node:test';
import { largestPerRow, topOfRows } from '../../src/metrics/metrics.kernel.ts';
import type { Matrix } from '../../src/numerics/matrix.ts';
import { unitRows } from '../../src/numerics/nearest.kernel.ts';
import { takeRows } from '../../src/rows/row-source.ts';
import { chooseToLabel } from '../../src/suggest/rank/choose.ts';
import { kCenterGreedy } from '../../src/suggest/rank/k-center.kernel.ts';
import { jsonFixture } from '../reference.ts';

interface Golden {
  readonly probabilities: readonly (readonly number[])[];
  readonly two: readonly (readonly [number, number])[];
  readonly margins: readonly number[];
  readonly rows: readonly (readonly number[])[];
  readonly before: readonly (readonly number[])[];
  readonly count: number;
  readonly kCenter: readonly number[];
  readonly kCenterAfter: readonly number[];
  readonly byMargin: readonly number[];
  readonly marginKCenter: readonly number[];
}

const golden: Golden = jsonFixture('suggest.json');

const matrixOf = (rows: readonly (readonly number[])[]): Matrix => ({
  rowCount: rows.length,
  columnCount: rows[0]?.length ?? 0,
  data: Float32Array.from(rows.flat()),
});

const unitOf = (rows: readonly (readonly number[])[]): Float32Array => {
  const { data, rowCount, columnCount } = matrixOf(rows);
  unitRows(data, rowCount, columnCount);
  return data;
};

test("the two likeliest classes and their margins are NumPy's, the earlier of equals first", () => {
  const probabilities = Float32Array.from(golden.probabilities.flat());
  const two = topOfRows(probabilities, 7, 2, largestPerRow(probabilities, 7));
  assert.deepEqual(Array.from(two), golden.two.flat());
  const margins = golden.margins.map(
    (_, row) =>
      (probabilities[7 * row + (two[2 * row] as number)] as number) -
      (probabilities[7 * row + (two[2 * row + 1] as number)] as number),
  );
  assert.deepEqual(margins, golden.margins);
});

test("k-center greedy chooses NumPy's rows in NumPy's order, from the first row or from earlier choices", () => {
  const [rows, before] = [unitOf(golden.rows), unitOf(golden.before)];
  const none = new Float64Array(60).fill(Number.POSITIVE_INFINITY);
  assert.deepEqual(Array.from(kCenterGreedy(rows, 16, 20, none)), golden.kCenter);
  const distances = Float64Array.from({ length: 60 }, (_, row) => {
    const cosines = golden.before.map((_, at) =>
      Array.from({ length: 16 }).reduce<number>(
        (sum, _each, c) => sum + (rows[16 * row + c] as number) * (before[16 * at + c] as number),
        0,
      ),
    );
    return 1 - Math.max(...cosines);
  });
  assert.deepEqual(Array.from(kCenterGreedy(rows, 16, 20, distances)), golden.kCenterAfter);
});

test('photos are chosen by margin, and by k-center among three times as many of the smallest margins', async () => {
  const margins = Float64Array.from(golden.margins);
  const readRows = async (rows: Int32Array): Promise<Matrix> => takeRows(matrixOf(golden.rows), rows);
  const chosen = async (count: number, by: 'margin' | 'margin-k-center'): Promise<readonly number[]> =>
    Array.from(await chooseToLabel(margins, count, by, readRows));
  assert.deepEqual(await chosen(golden.count, 'margin'), golden.byMargin);
  assert.deepEqual(await chosen(golden.count, 'margin-k-center'), golden.marginKCenter);
  // More than there are: all of them, once each.
  for (const by of ['margin', 'margin-k-center'] as const) {
    assert.deepEqual(
      [...(await chosen(500, by))].sort((a, b) => a - b),
      golden.margins.map((_, row) => row),
    );
  }
});

test('copies are chosen last, and every row once even where all are identical', () => {
  const rows = unitOf([
    [1, 0],
    [1, 0],
    [0, 1],
    [1, 0],
  ]);
  const none = (): Float64Array => new Float64Array(4).fill(Number.POSITIVE_INFINITY);
  assert.deepEqual(Array.from(kCenterGreedy(rows, 2, 4, none())), [0, 2, 1, 3]);
  assert.deepEqual(Array.from(kCenterGreedy(new Float32Array(8), 2, 4, none())), [0, 1, 2, 3]);
});
