import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { seededRandom } from '../../scripts/demo/random.ts';
import { checkExport } from '../../src/export/check-export.ts';
import { exportHead } from '../../src/export/export-head.ts';
import { encodeModel } from '../../src/formats/onnx/encode.ts';
import { largestPerRow } from '../../src/metrics/metrics.kernel.ts';
import type { FittedHead } from '../../src/models/model.ts';
import { createHead, headKinds } from '../../src/models/registry.ts';
import type { Table } from '../../src/rows/table.ts';
import { valueAt } from '../../src/system/at.ts';
import { drawnTail } from '../models/finetune/drawn-tail.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** For the head that fine-tunes a network: it reads the rows as maps of 2 x 1. */
const contextOf = ({ features }: Table) => ({
  ...{ seed: 3, threads: 1 },
  networkTail: async () => drawnTail([features.columnCount / 2, 2, 1]),
});

/** Overlapping clusters of non-negative features, with classes of very different sizes. */
function drawTable(classCount: number, dims: number, sizes: (c: number) => number): Table {
  const random = seededRandom(classCount * 100 + dims);
  const centres = Array.from({ length: classCount * dims }, () => 2 * random());
  const labels: number[] = [];
  const data: number[] = [];
  for (let c = 0; c < classCount; c++) {
    for (let i = 0; i < sizes(c); i++) {
      labels.push(c);
      for (let d = 0; d < dims; d++) data.push(Math.max(0, (centres[c * dims + d] as number) + 1.6 * (random() - 0.5)));
    }
  }
  return {
    features: { rowCount: labels.length, columnCount: dims, data: Float32Array.from(data) },
    labels: Int32Array.from(labels),
    classes: Array.from({ length: classCount }, (_, c) => `class ${c}, "é"`),
  };
}

const tables: Readonly<Record<string, Table>> = {
  'five classes of 4 to 40 rows': drawTable(5, 12, (c) => 4 + 9 * c),
  'two classes': drawTable(2, 6, () => 25),
  'a class without rows': drawTable(4, 8, (c) => (c === 2 ? 0 : 15)),
};

const heads: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['linear', {}],
  ['linear', { scale: 'standard' }],
  ['linear', { optimizer: 'adam', epochs: 3, scale: 'minmax' }],
  ['svm', { kernel: 'linear' }],
  ['svm', { kernel: 'rbf', C: 10, calibrate: 'none' }],
  ['svm', { kernel: 'rbf', scale: 'l2' }],
  ['svm', { kernel: 'linear', solver: 'ml-svm' }],
  ['svm', { solver: 'linearsvc', scale: 'standard' }],
  ['linear', { calibrate: 'temperature' }],
  ['forest', { trees: 20, calibrate: 'temperature', scale: 'l2' }],
  ['forest', { trees: 20 }],
  ['forest', { trees: 7, maxDepth: 2, scale: 'standard' }],
  ['knn', {}],
  ['knn', { k: 3, votes: 'uniform', scale: 'standard' }],
  ['knn', { k: 500, temperature: 0.01, classWeight: 'balanced' }],
  ['ridge', {}],
  ['ridge', { alpha: 3, scale: 'minmax' }],
  ['mlp', { hidden: 9, epochs: 3 }],
  ['mlp', { hidden: 20, epochs: 2, scale: 'standard' }],
  ['finetune', { epochs: 2, lr: 0.01 }],
  ['finetune', { epochs: 2, batchNorm: 'train', lastLayer: 'fresh', calibrate: 'temperature' }],
];

/** Each head is fitted once per table. */
const fittedHeads = new Map<string, Promise<FittedHead>>();
function fittedOn(table: Table, model: string, params: Readonly<Record<string, unknown>>): Promise<FittedHead> {
  const key = JSON.stringify([table.classes.length, model, params]);
  const fitted = fittedHeads.get(key) ?? createHead(model, params).fit(table, contextOf(table));
  fittedHeads.set(key, fitted);
  return fitted;
}

describe('an exported head gives the probabilities of the head itself in ONNX Runtime', () => {
  for (const [name, table] of Object.entries(tables)) {
    for (const [model, params] of heads) {
      test(`${model} ${JSON.stringify(params)}, ${name}`, async () => {
        const fitted = await fittedOn(table, model, params);
        const bytes = encodeModel(exportHead(fitted.save()));
        assert.ok((await checkExport(bytes, fitted, table.features)) <= 1e-5);
      });
    }
  }
});

describe('an exported head', () => {
  const table = tables['five classes of 4 to 40 rows'] as Table;
  const context = contextOf(table);
  /** A head of a model, the first in the list. */
  const firstOf = (model: string): Promise<FittedHead> =>
    fittedOn(table, model, heads.find(([name]) => name === model)?.[1] ?? assert.fail(model));

  test('predicts the class of the head for each row, and its probabilities sum to 1', async () => {
    // Zero-shot needs a text encoder: test/models/zero-shot.
    for (const model of headKinds.map((kind) => kind.model).filter((name) => name !== 'zero-shot')) {
      const fitted = await firstOf(model);
      const session = await InferenceSession.create(encodeModel(exportHead(fitted.save())));
      const predicted = await fitted.predict(table.features);
      const { rowCount, columnCount, data } = table.features;
      const found = await session.run({ features: new Tensor('float32', data, [rowCount, columnCount]) });
      const probabilities = found['probabilities']?.data as Float32Array;
      const labels = found['label']?.data as unknown as string[];
      for (let row = 0; row < rowCount; row++) {
        const own = [...probabilities.subarray(row * 5, row * 5 + 5)];
        assert.ok(Math.abs(own.reduce((a, b) => a + b, 0) - 1) < 1e-5, `row ${row} of ${model} sums to 1`);
        assert.equal(labels[row], table.classes[valueAt(predicted, row)]);
      }
    }
  });

  test('predicts the class with the most votes where another is more probable', async () => {
    // Labels that are independent of the features.
    const noise = { ...table, labels: table.labels.map((_, row) => row % 5) };
    for (const params of [{ kernel: 'linear' }, { kernel: 'rbf' }, { solver: 'ml-svm' }]) {
      const fitted = await createHead('svm', params).fit(noise, context);
      const saved = encodeModel(exportHead(fitted.save()));
      assert.ok((await checkExport(saved, fitted, noise.features)) <= 1e-5);
      const other: FittedHead = {
        ...fitted,
        predictBoth: async (rows) => {
          const { probabilities } = await fitted.predictBoth(rows);
          return { probabilities, predicted: largestPerRow(probabilities.data, 5) };
        },
      };
      await assert.rejects(checkExport(saved, other, noise.features), /does not give the classes of the head itself/);
    }
  });

  test('does not divide by zero for a row of zeros with l2 scaling', async () => {
    const fitted = await createHead('linear', { scale: 'l2' }).fit(table, context);
    const rows = { rowCount: 1, columnCount: 12, data: new Float32Array(12) };
    assert.ok((await checkExport(encodeModel(exportHead(fitted.save())), fitted, rows)) <= 1e-5);
  });

  test('is rejected by name for a solver without an ONNX form', async () => {
    const saved = { ...(await firstOf('forest')).save(), solver: 'ml-random-forest' };
    assert.throws(() => exportHead(saved), /cannot be exported to ONNX[\s\S]*forest, solver ml-random-forest/);
  });

  test('that gives other probabilities is found by the check', async () => {
    const fitted = await firstOf('linear');
    const saved = fitted.save();
    const bias = { shape: [5], data: new Float32Array([0, 0, 0, 0, 5]) };
    const wrong = encodeModel(exportHead({ ...saved, arrays: { ...saved.arrays, bias } }));
    await assert.rejects(checkExport(wrong, fitted, table.features), /does not give the probabilities/);
  });
});

describe('the ONNX checker of Debian', () => {
  const python = '/usr/bin/python3';
  const hasChecker = spawnSync(python, ['-c', 'import onnx']).status === 0;
  const folder = temporaryFolder();

  test('accepts every kind of head, with shape inference', {
    skip: !hasChecker && 'skipped: python3-onnx is not installed',
  }, async () => {
    const files: string[] = [];
    for (const [i, [model, params]] of heads.entries()) {
      const table = tables['five classes of 4 to 40 rows'] as Table;
      const fitted = await fittedOn(table, model, params);
      const file = join(folder, `${i}.onnx`);
      await writeFile(file, encodeModel(exportHead(fitted.save(), { classes: JSON.stringify(fitted.classes) })));
      files.push(file);
    }
    const script = 'import onnx, sys\nfor f in sys.argv[1:]: onnx.checker.check_model(onnx.load(f), full_check=True)';
    const { status, stderr } = spawnSync(python, ['-c', script, ...files], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
});
