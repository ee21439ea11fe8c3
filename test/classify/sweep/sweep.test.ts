import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseHeads } from '../../../src/classify/choose-heads.ts';
import { parseSweep, pointsOf } from '../../../src/classify/sweep/grid.ts';
import { predictFolds } from '../../../src/classify/sweep/predict-folds.ts';
import { choosePoint, pointResult, sweptHead } from '../../../src/classify/sweep/swept-head.ts';
import { createHead, headKind } from '../../../src/models/registry.ts';
import { type Table, takeTableRows } from '../../../src/rows/table.ts';
import { innerFolds } from '../../../src/split/inner-folds.ts';
import { InterruptedError } from '../../../src/system/errors.ts';
import { jsonFixture } from '../../reference.ts';

const golden: {
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly C: readonly number[];
} & Readonly<Record<string, readonly (readonly number[])[]>> = jsonFixture('classify/sweep.json');
const table: Table = {
  features: { rowCount: golden.x.length, columnCount: 6, data: Float32Array.from(golden.x.flat()) },
  labels: Int32Array.from(golden.y),
  classes: ['a', 'b', 'c', 'd'],
};
const context = { seed: 0, threads: 2 };

interface PointDetails {
  readonly params: Readonly<Record<string, unknown>>;
  readonly perFold: readonly number[];
}

const cases: readonly (readonly [name: string, model: string, fixed: Readonly<Record<string, string>>])[] = [
  ['linear', 'linear', {}],
  ['linear, standard', 'linear', { scale: 'standard' }],
  ['linear, balanced', 'linear', { classWeight: 'balanced' }],
  ['svm', 'svm', {}],
  ['svm, rbf', 'svm', { kernel: 'rbf' }],
  ['svm, linearsvc', 'svm', { solver: 'linearsvc' }],
];
for (const [name, model, fixed] of cases) {
  test(`every point has the accuracies of scikit-learn's cross_val_score: ${name}`, async () => {
    const head = sweptHead(headKind(model), fixed, { C: golden.C.map(String) }, { cv: 5, oneStandardError: false });
    const fitted = await head.fit(table, context);
    const { points, chosen } = fitted.details['sweep'] as unknown as {
      readonly points: readonly PointDetails[];
      readonly chosen: Readonly<Record<string, unknown>>;
    };
    points.forEach(({ perFold }, i) => {
      perFold.forEach((accuracy, fold) => {
        assert.ok(Math.abs(accuracy - (golden[name]?.[i]?.[fold] as number)) < 1e-12, `C=${golden.C[i]}, fold ${fold}`);
      });
    });
    const means = (golden[name] ?? []).map((perFold) => perFold.reduce((sum, value) => sum + value, 0));
    const best = golden.C[means.findIndex((mean) => mean > Math.max(...means) - 1e-9)];
    assert.equal(Number(chosen['C']), best);
    assert.equal(fitted.params['C'], best);
    const alone = await createHead(model, { ...fixed, C: best }).fit(table, context);
    assert.deepEqual(await fitted.predictProba(table.features), await alone.predictProba(table.features));
  });
}

for (const name of ['linear', 'svm', 'svm linearsvc', 'forest']) {
  const [model = '', solver] = name.split(' ');
  const own = solver === undefined ? {} : { solver };
  test(`sharing work among points and folds changes no prediction: ${name}`, async () => {
    const points: readonly Readonly<Record<string, string>>[] =
      model === 'forest'
        ? [{ trees: '3' }, { trees: '5', scale: 'standard' }]
        : [
            { C: '10' },
            { C: '0.1', scale: 'minmax' },
            { C: '1', classWeight: 'balanced' },
            { C: '0.1', scale: 'l2' },
          ].map((point) => ({ ...own, ...point }));
    const folds = innerFolds(table, 3);
    const shared = await predictFolds(headKind(model), points, table, folds, context);
    for (const [i, point] of points.entries()) {
      for (const [f, fold] of folds.entries()) {
        const fitted = await createHead(model, point).fit(takeTableRows(table, fold.train), context);
        const alone = await fitted.predict(takeTableRows(table, fold.test).features);
        assert.deepEqual(shared[i]?.[f], alone, `${JSON.stringify(point)}, fold ${f}`);
      }
    }
  });
}

test('rows of one group are in the same fold', () => {
  const groups = Int32Array.from(golden.y, (_, row) => Math.floor(row / 6));
  for (const { train, test: held } of innerFolds({ ...table, groups }, 3)) {
    const tested = new Set(Array.from(held, (row) => groups[row]));
    assert.ok(train.every((row) => !tested.has(groups[row])));
  }
});

test('of equally good points the simplest is chosen, with the one-standard-error rule the simplest within it', () => {
  const results = [
    pointResult({ C: 0.1 }, [0.5, 0.6, 0.7]),
    pointResult({ C: 1 }, [0.6, 0.7, 0.74]),
    pointResult({ C: 100 }, [0.65, 0.7, 0.75]),
    pointResult({ C: 10 }, [0.65, 0.7, 0.75]),
  ];
  assert.equal(choosePoint(results, false, headKind('svm').options), 3);
  // Standard error 0.05 / sqrt(3) = 0.029: 0.68 is within it, 0.6 is not.
  assert.equal(choosePoint(results, true, headKind('svm').options), 1);
});

test('a grid has every combination, and the last parameter varies fastest', () => {
  assert.deepEqual(pointsOf({ C: ['1', '2'], gamma: ['scale', '3'] }), [
    { C: '1', gamma: 'scale' },
    { C: '1', gamma: '3' },
    { C: '2', gamma: 'scale' },
    { C: '2', gamma: '3' },
  ]);
  assert.deepEqual(parseSweep(['max-depth=1,2', 'C=1']), { maxDepth: ['1', '2'], C: ['1'] });
});

test('a meaningless sweep is wrong usage', () => {
  for (const words of [['C'], ['C='], ['C=1,,2'], ['C=1', 'C=2'], ['C=1,1'], ['auto', 'C=1']]) {
    assert.throws(() => parseSweep(words), /--sweep/, words.join(' '));
  }
  const sweep = (grid: Readonly<Record<string, readonly string[]>>) => ({ grid, cv: 5, oneStandardError: false });
  assert.throws(() => chooseHeads(['linear'], {}, sweep({ trees: ['1'] })), /--sweep trees[\s\S]*--model forest/);
  assert.throws(() => chooseHeads(['linear'], { C: '1' }, sweep({ C: ['1', '2'] })), /either swept or fixed/);
  assert.throws(() => chooseHeads(['linear'], {}, sweep({ C: ['1', 'x'] })), /C is not usable[\s\S]*x/);
  const heads = chooseHeads(['linear', 'forest'], {}, sweep({ C: ['1', '2'] }));
  assert.deepEqual(heads[0]?.params['sweep'], { C: ['1', '2'] });
  assert.equal(heads[1]?.params['sweep'], undefined);
});

test('an interrupt stops a sweep', async () => {
  for (const model of ['linear', 'svm', 'forest']) {
    const controller = new AbortController();
    const head = sweptHead(headKind(model), {}, headKind(model).autoSweep({}), { cv: 3, oneStandardError: false });
    const fit = head.fit(table, { ...context, signal: controller.signal });
    controller.abort();
    await assert.rejects(fit, InterruptedError, model);
  }
});
