import type { FitContext, FittedHead, NamedArray } from '../../src/models/model.ts';
import type { Matrix } from '../../src/numerics/matrix.ts';
import { takeRows } from '../../src/rows/row-source.ts';
import type { Table } from '../../src/rows/table.ts';
import { matrixFixture } from '../classify/data/npy-fixture.ts';
import { jsonFixture } from '../reference.ts';

export interface RidgeCase {
  readonly alphas: readonly number[];
  readonly alpha: number;
  readonly weights: readonly number[];
  readonly bias: readonly number[];
  readonly scores: readonly number[];
  readonly predicted: readonly number[];
  readonly errors: readonly number[] | null;
  readonly leftOut: readonly number[];
  readonly factor: number;
}
export interface KnnCase {
  readonly params: { readonly k: number };
  readonly votes: readonly number[];
  readonly predicted: readonly number[];
}
export interface MlpCase {
  readonly params: { readonly hidden: number; readonly epochs: number };
  readonly seed: number;
  readonly hiddenWeights: readonly number[];
  readonly hiddenBias: readonly number[];
  readonly outputWeights: readonly number[];
  readonly outputBias: readonly number[];
  readonly probabilities: readonly number[];
}
interface Data {
  readonly labels: readonly number[];
  readonly trainRows: number;
  readonly classCount: number;
  readonly weights: readonly number[];
}
export type DataName = 'tall' | 'wide';

/** Written by scripts/fixtures/models/heads.py. */
export const goldenHeads: Readonly<Record<DataName, Data>> & {
  readonly knn: Readonly<Record<DataName, readonly KnnCase[]>>;
  readonly mlp: readonly MlpCase[];
  readonly ridge: Readonly<Record<DataName | `${DataName}Weighted`, RidgeCase>>;
} = jsonFixture('classify/heads.json');

const files = { tall: 'forest-drawn.npy', wide: 'heads-wide.npy' } as const;

/** Training and test rows; `tall` has more rows than features, `wide` fewer. */
export function goldenTable(name: DataName, weighted = false): { readonly train: Table; readonly held: Matrix } {
  const { labels, trainRows, classCount, weights } = goldenHeads[name];
  const matrix = matrixFixture(files[name]);
  const rows = Int32Array.from({ length: matrix.rowCount }, (_, row) => row);
  const train = {
    features: takeRows(matrix, rows.subarray(0, trainRows)),
    labels: Int32Array.from(labels.slice(0, trainRows)),
    classes: Array.from({ length: classCount }, (_, c) => `class ${c}`),
    ...(weighted ? { sampleWeights: Float64Array.from(weights) } : {}),
  };
  return { train, held: takeRows(matrix, rows.subarray(trainRows)) };
}

export const context: FitContext = { seed: 0, threads: 2 };

export function smallTable(
  rows: readonly (readonly number[])[],
  labels: readonly number[],
  classes: readonly string[],
): Table {
  const columnCount = rows[0]?.length ?? 0;
  return {
    features: { rowCount: rows.length, columnCount, data: Float32Array.from(rows.flat()) },
    labels: Int32Array.from(labels),
    classes,
  };
}

/** Difficult data: every head must give probabilities that sum to 1. */
export const smallTables: Readonly<Record<string, Table>> = {
  'one class': smallTable(
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    [0, 0, 0],
    ['only'],
  ),
  'constant features': smallTable(
    [
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
    ],
    [0, 1, 0, 0],
    ['a', 'b'],
  ),
  'features of 0': smallTable(
    [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
    [0, 1, 0],
    ['a', 'b'],
  ),
  'two rows': smallTable([[0], [1]], [0, 1], ['a', 'b']),
  'one row': smallTable([[4]], [1], ['a', 'b']),
  'more classes than rows': smallTable([[0], [1], [2]], [0, 4, 7], [...'abcdefgh']),
  'same rows under different labels': smallTable([[1], [1], [2], [2]], [0, 1, 0, 1], ['a', 'b']),
};

/** Throws unless each row of [rows, columns] sums to 1 within 1e-5. */
export function checkRowSums({ data, columnCount }: Matrix, name: string): void {
  for (let start = 0; start < data.length; start += columnCount) {
    const sum = data.subarray(start, start + columnCount).reduce((total, share) => total + share, 0);
    if (!(Math.abs(sum - 1) < 1e-5))
      throw new Error(`${name}: probabilities of row ${start / columnCount} sum to ${sum}`);
  }
}

export function checkClose(
  found: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  if (found.length !== expected.length) throw new Error(`${what}: ${found.length} numbers, not ${expected.length}`);
  const scale = Math.max(1, ...expected.map(Math.abs));
  expected.forEach((value, i) => {
    if (!(Math.abs((found[i] as number) - value) <= tolerance * scale)) {
      throw new Error(`${what}: number ${i} is ${found[i]}, not ${value}`);
    }
  });
}

/** The numbers that a head saves, by name. */
export function savedNumbers(head: Pick<FittedHead, 'save'>): Readonly<Record<string, NamedArray['data']>> {
  return Object.fromEntries(Object.entries(head.save().arrays).map(([name, { data }]) => [name, data]));
}
