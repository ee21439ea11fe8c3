import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../scripts/demo/random.ts';
import type { Matrix } from '../../../src/numerics/matrix.ts';
import { type AlikeRows, alikeRows } from '../../../src/rows/alike/alike-rows.ts';
import { cosineNeighbours } from '../../../src/rows/alike/neighbours.ts';
import { golden } from '../../report/golden.ts';

const matrixOf = (rows: readonly (readonly number[])[]) => ({
  rowCount: rows.length,
  columnCount: rows[0]?.length ?? 0,
  data: Float32Array.from(rows.flat()),
});

const alikeOf = async (features: Matrix): Promise<AlikeRows[]> => alikeRows(await cosineNeighbours(features, 4));

test("near-duplicate pairs are those of scikit-learn's cosine neighbours with the same rule", async () => {
  const { data, pairs, similarities } = golden.alike as {
    data: number[][];
    pairs: [number, number][];
    similarities: number[];
  };
  const found = await alikeOf(matrixOf(data));
  const inOrder = [...found].sort((a, b) => a.first - b.first || a.second - b.second);
  assert.deepEqual(
    inOrder.map(({ first, second }) => [first, second]),
    pairs,
  );
  inOrder.forEach(({ similarity }, i) => {
    assert.ok(Math.abs(similarity - (similarities[i] as number)) < 1e-6);
  });
  assert.deepEqual(
    found.map(({ similarity }) => similarity),
    [...found].map(({ similarity }) => similarity).sort((a, b) => b - a),
  );
});

test('rows in different blocks are compared, and rows with equal differences are no pair', async () => {
  const random = seededRandom(8);
  const rows = Array.from({ length: 1100 }, () => Array.from({ length: 24 }, () => random()));
  rows[1099] = (rows[5] as number[]).map((value) => 3 * value);
  const found = await alikeOf(matrixOf(rows));
  assert.deepEqual(
    found.map(({ first, second }) => [first, second]),
    [[5, 1099]],
  );
});

test('a row of zeros and a set of two rows are no pair', async () => {
  assert.deepEqual(
    await alikeOf(
      matrixOf([
        [0, 0],
        [1, 2],
        [2, 1],
        [0, 1],
      ]),
    ),
    [],
  );
  assert.deepEqual(
    await alikeOf(
      matrixOf([
        [1, 2],
        [1, 2],
      ]),
    ),
    [],
  );
});

test('returns the most similar rows of each row, the earlier of equals first', async () => {
  const rows = [
    [1, 0],
    [1, 0.1],
    [0, 1],
    [2, 0],
  ];
  const { nearest, similarity } = await cosineNeighbours(matrixOf(rows), 4);
  assert.deepEqual([...nearest.subarray(0, 4)], [3, 1, 2, -1]);
  assert.deepEqual([...nearest.subarray(8, 12)], [1, 0, 3, -1]);
  assert.ok(Math.abs((similarity[0] as number) - 1) < 1e-6);
});
