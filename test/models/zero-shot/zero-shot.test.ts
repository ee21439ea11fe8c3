import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseHeads } from '../../../src/classify/choose-heads.ts';
import { exportHead } from '../../../src/export/export-head.ts';
import { encodeModel } from '../../../src/formats/onnx/encode.ts';
import { classify } from '../../../src/library/classify.ts';
import { extract } from '../../../src/library/extract.ts';
import { fillPrompt } from '../../../src/models/prompts.ts';
import { createHead, loadHead } from '../../../src/models/registry.ts';
import type { Matrix } from '../../../src/numerics/matrix.ts';
import type { Table } from '../../../src/rows/table.ts';
import { runtime } from '../../../src/system/onnx-runtime.ts';
import { drawRows } from '../../classify/drawn-set.ts';
import { drawFolder } from '../../extract/drawn-data.ts';
import { published } from '../../extract/weights/hub/published.ts';

const classes = ['border_collie', 'great_dane', 'pug'];
const table: Table = {
  features: drawRows(30, 8, 3, 5),
  labels: Int32Array.from({ length: 30 }, (_, row) => row % 3),
  classes,
};

/** A unit vector for each text, computed from its letters; requested texts are recorded. */
function drawnWords(asked: string[][] = []) {
  return async (texts: readonly string[]): Promise<Matrix> => {
    asked.push([...texts]);
    const data = new Float32Array(texts.length * 8);
    for (const [row, text] of texts.entries()) {
      const values = Array.from({ length: 8 }, (_, d) =>
        Math.sin((d + 1) * [...text].reduce((sum, c) => sum + c.charCodeAt(0), 0)),
      );
      const length = Math.hypot(...values);
      data.set(
        values.map((value) => value / length),
        row * 8,
      );
    }
    return { rowCount: texts.length, columnCount: 8, data };
  };
}

/** softmax(100 cos) by the definition, in double precision. */
function expected(rows: Matrix, vectors: readonly (readonly number[])[]): number[][] {
  return Array.from({ length: rows.rowCount }, (_, i) => {
    const row = [...rows.data.subarray(i * 8, (i + 1) * 8)];
    const scores = vectors.map((vector) => {
      const dot = row.reduce((sum, value, d) => sum + value * (vector[d] as number), 0);
      return (100 * dot) / Math.hypot(...row) / Math.hypot(...vector);
    });
    const most = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - most));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  });
}

const context = { seed: 0, threads: 1 };

test('probabilities are the softmax of 100 times the cosine with the mean of the prompts', async () => {
  const asked: string[][] = [];
  const prompts = 'a photo of a {} | {}, a dog';
  const fitted = await createHead('zero-shot', { prompts }).fit(table, { ...context, encodeWords: drawnWords(asked) });
  const texts = ['border collie', 'great dane', 'pug'].flatMap((name) => [`a photo of a ${name}`, `${name}, a dog`]);
  assert.deepEqual(asked, [texts]);
  const { data } = await drawnWords()(texts);
  const vectors = classes.map((_, c) =>
    Array.from({ length: 8 }, (_, d) => (data[16 * c + d] as number) + (data[16 * c + 8 + d] as number)),
  );
  const found = await fitted.predictProba(table.features);
  for (const [row, values] of expected(table.features, vectors).entries()) {
    for (const [c, value] of values.entries()) {
      assert.ok(Math.abs((found.data[row * 3 + c] as number) - value) < 1e-4, `row ${row}, class ${c}`);
    }
  }
});

test('does not depend on the training rows and labels', async () => {
  const other: Table = { ...table, features: drawRows(30, 8, 3, 9), labels: table.labels.map((label) => 2 - label) };
  const head = createHead('zero-shot');
  const heads = [table, other].map((rows) => head.fit(rows, { ...context, encodeWords: drawnWords() }));
  const [one, two] = await Promise.all(heads);
  assert.deepEqual(one?.save(), two?.save());
});

test('a saved head and its ONNX graph predict the same', async () => {
  const fitted = await createHead('zero-shot').fit(table, { ...context, encodeWords: drawnWords() });
  const answer = await fitted.predictProba(table.features);
  assert.deepEqual(await loadHead(fitted.save()).predictProba(table.features), answer);
  const { InferenceSession, Tensor } = runtime();
  const session = await InferenceSession.create(encodeModel(exportHead(fitted.save())));
  const fed = { features: new Tensor('float32', table.features.data, [30, 8]) };
  const { probabilities } = await session.run(fed);
  const data = probabilities?.data as Float32Array;
  for (const [i, value] of answer.data.entries()) assert.ok(Math.abs((data[i] as number) - value) < 1e-5);
  await session.release();
});

test('rejects prompts without a placeholder, scaled features, and features without a text encoder', async () => {
  assert.throws(() => createHead('zero-shot', { prompts: 'a photo' }), /prompts[\s\S]*a photo[\s\S]*\{\}/);
  assert.throws(() => createHead('zero-shot', { scale: 'standard' }), /no longer lie by words/);
  await assert.rejects(createHead('zero-shot').fit(table, context), /network with a text encoder/);
  assert.ok(!chooseHeads(['all'], {}).some(({ model }) => model === 'zero-shot'));
});

test('underscores in class names become spaces', () => {
  assert.equal(fillPrompt('a {} and a {}', 'golden_retriever'), 'a golden retriever and a golden retriever');
});

test('classify compares it, calibrated, with trained heads on the features of a two-tower network', async () => {
  const root = await mkdtemp(join(tmpdir(), 'featuretap-zero-shot-'));
  try {
    await drawFolder(join(root, 'photos'), 24);
    const photos = { data: join(root, 'photos'), cache: join(root, 'cache'), device: 'cpu', threads: 1 } as const;
    const weights = join(published, 'clip');
    const { folder } = await extract({ ...photos, weights });
    const heads = chooseHeads(['zero-shot', 'knn'], { prompts: 'a photo of a {}' });
    const reports = await classify({ features: folder, heads, out: join(root, 'reports'), testSize: 0.25 });
    assert.deepEqual(
      reports.map(({ model }) => model),
      ['zero-shot', 'knn'],
    );
    assert.equal(reports[0]?.splitHash, reports[1]?.splitHash);
    assert.equal(reports[0]?.params['prompts'], 'a photo of a {}');
    const dino = await extract({ ...photos, name: 'dino', weights: join(published, 'dinov2') });
    await assert.rejects(
      classify({ features: dino.folder, heads: [createHead('zero-shot')], out: join(root, 'other'), testSize: 0.25 }),
      /trained on images with captions/,
    );
  } finally {
    await rm(root, { recursive: true });
  }
});

test('a linear head that starts at the prompts equals the zero-shot head before its first step', async () => {
  const prompts = 'a photo of a {}';
  const words = { ...context, encodeWords: drawnWords() };
  const zeroShot = await createHead('zero-shot', { prompts }).fit(table, words);
  const options = { solver: 'adam', scale: 'l2', startPrompts: prompts, epochs: 1 };
  const linear = await createHead('linear', { ...options, lr: 1e-12 }).fit(table, words);
  const [start, expected] = await Promise.all([linear, zeroShot].map((head) => head.predictProba(table.features)));
  for (const [i, value] of expected?.data.entries() ?? [])
    assert.ok(Math.abs((start?.data[i] as number) - value) < 1e-4, `${i}: ${start?.data[i]}, not ${value}`);
  const loss = ({ data }: Matrix): number =>
    -[...table.labels].reduce((sum, label, row) => sum + Math.log(Math.max(1e-30, data[3 * row + label] as number)), 0);
  const trained = await createHead('linear', { ...options, epochs: 100, lr: 1 }).fit(table, words);
  assert.ok(loss(await trained.predictProba(table.features)) < 0.5 * loss(expected as Matrix));
  const { params, details } = trained;
  assert.equal(params['startPrompts'], prompts);
  assert.match(String(details['start']), /zero-shot: 100 times the vectors of the prompts/);
});

test('a start at the prompts is rejected with lbfgs, without texts, and for rows of another length', async () => {
  const options = { solver: 'adam', scale: 'l2', startPrompts: 'a {}' };
  assert.throws(() => createHead('linear', { startPrompts: 'a {}', scale: 'l2' }), /adam/);
  assert.throws(() => createHead('linear', { ...options, scale: undefined }), /--scale[\s\S]*l2 with --start-prompts/);
  assert.throws(() => createHead('linear', { ...options, startPrompts: 'a dog' }), /--start-prompts[\s\S]*\{\}/);
  await assert.rejects(createHead('linear', options).fit(table, context), /network with a text encoder/);
});
