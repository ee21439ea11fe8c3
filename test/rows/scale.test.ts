import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHead, loadHead } from '../../src/models/registry.ts';
import type { Matrix } from '../../src/numerics/matrix.ts';
import { balancedWeights } from '../../src/rows/classes.ts';
import { applyScaling, fitScaling, type ScaleKind } from '../../src/rows/scale.ts';
import type { Table } from '../../src/rows/table.ts';
import { drawRows } from '../classify/drawn-set.ts';
import { jsonFixture } from '../reference.ts';

const golden: {
  readonly x: readonly (readonly number[])[];
  readonly probe: readonly (readonly number[])[];
  readonly scaled: Readonly<Record<'standard' | 'minmax' | 'l2', readonly (readonly number[])[]>>;
  readonly y: readonly number[];
  readonly balanced: Readonly<Record<string, number>>;
} = jsonFixture('classify/scale.json');

function matrix(rows: readonly (readonly number[])[]): Matrix {
  return { rowCount: rows.length, columnCount: rows[0]?.length ?? 0, data: Float32Array.from(rows.flat()) };
}

for (const kind of ['standard', 'minmax', 'l2'] as const) {
  test(`scales new rows as scikit-learn does: ${kind}`, async () => {
    const found = applyScaling(await fitScaling(kind, matrix(golden.x)), matrix(golden.probe)).data;
    golden.scaled[kind].flat().forEach((expected, i) => {
      const error = Math.abs((found[i] as number) - expected);
      assert.ok(error <= 1e-6 * Math.max(1, Math.abs(expected)), `${found[i]} against ${expected} at ${i}`);
    });
  });
}

test("balanced class weights are scikit-learn's, times the rows’ own", () => {
  const table: Table = {
    features: matrix(golden.x),
    labels: Int32Array.from(golden.y),
    classes: ['a', 'b', 'never', 'd'],
    sampleWeights: Float64Array.from(golden.y, (_, row) => row),
  };
  const weights = balancedWeights(table).sampleWeights as Float64Array;
  golden.y.forEach((label, row) => {
    assert.ok(Math.abs((weights[row] as number) - row * (golden.balanced[label] as number)) < 1e-12);
  });
});

const classes = ['a', 'b', 'c'];
const table: Table = {
  features: drawRows(60, 12, 3, 4),
  labels: Int32Array.from({ length: 60 }, (_, row) => row % 3),
  classes,
};
const context = { seed: 0, threads: 2 };

for (const scale of ['none', 'standard', 'l2', 'minmax'] satisfies ScaleKind[]) {
  test(`a head with --scale ${scale} equals a plain head on scaled rows, saved and loaded too`, async () => {
    const probe = drawRows(9, 12, 3, 5);
    const scaling = await fitScaling(scale, table.features);
    const plain = await createHead('linear').fit(
      { ...table, features: applyScaling(scaling, table.features) },
      context,
    );
    const expected = await plain.predictProba(applyScaling(scaling, probe));
    const scaled = await createHead('linear', { scale }).fit(table, context);
    assert.deepEqual(await scaled.predictProba(probe), expected);
    assert.deepEqual(await loadHead(scaled.save()).predictProba(probe), expected);
    assert.equal(scaled.params['scale'], scale === 'none' ? undefined : scale);
  });
}

test('class weights change what a head learns about a rare class', async () => {
  const labels = table.labels.map((label, row) => (row < 50 ? 0 : label));
  const imbalanced = { ...table, labels };
  const rare = async (classWeight: string): Promise<number> => {
    const fitted = await createHead('linear', { C: 0.01, classWeight }).fit(imbalanced, context);
    return (await fitted.predict(table.features)).filter((found) => found !== 0).length;
  };
  assert.ok((await rare('balanced')) > (await rare('none')));
});

test('an unknown scaling is wrong usage', () => {
  assert.throws(() => createHead('linear', { scale: 'log' }), /scale[\s\S]*none \| standard \| l2 \| minmax/);
  assert.throws(() => createHead('forest', { classWeight: 'heavy' }), /classWeight/);
});
