import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { featureScores } from '../../../src/models/feature-scores.ts';
import type { SavedHead } from '../../../src/models/model.ts';
import { createHead } from '../../../src/models/registry.ts';
import { type EvidenceMaps, openEvidence } from '../../../src/predict/evidence/evidence.ts';
import { highestPlace } from '../../../src/predict/evidence/highest-place.ts';
import { overGrey, spreadMap } from '../../../src/predict/evidence/map.kernel.ts';
import { overlayPng, sharesOf } from '../../../src/predict/evidence/overlay.ts';
import { jsonFixture } from '../../reference.ts';

interface Golden {
  readonly scores: readonly number[];
  readonly maps: readonly number[];
  readonly offset?: readonly number[];
  readonly factor?: readonly number[];
}
const golden = jsonFixture('classify/evidence.json') as {
  readonly tapShape: readonly [number, number, number];
  readonly rows: number;
  readonly classes: number;
  readonly tap: readonly number[];
  readonly weights: readonly number[];
  readonly bias: readonly number[];
  readonly scalings: Readonly<Record<string, Golden>>;
  readonly svm: Golden & { readonly C: number; readonly train: readonly number[]; readonly labels: readonly number[] };
  readonly spread: { readonly grid: readonly number[]; readonly side: number; readonly values: readonly number[] };
};
const [channels, height, width] = golden.tapShape;
const classes = Array.from({ length: golden.classes }, (_, c) => `class ${c}`);
const tap = { rowCount: golden.rows, rowShape: golden.tapShape, data: Float32Array.from(golden.tap) };
const context = { seed: 0, threads: 1 };

function savedLinear(scale: string): SavedHead {
  const { offset, factor } = golden.scalings[scale] as Golden;
  const scaling =
    offset === undefined || factor === undefined
      ? {}
      : {
          'scale.offset': { shape: [channels], data: Float64Array.from(offset) },
          'scale.factor': { shape: [channels], data: Float64Array.from(factor) },
        };
  return {
    model: 'linear',
    solver: 'lbfgs',
    params: { scale },
    classes,
    dims: channels,
    details: {},
    arrays: {
      weights: { shape: [channels, classes.length], data: Float32Array.from(golden.weights) },
      bias: { shape: [classes.length], data: Float32Array.from(golden.bias) },
      ...scaling,
    },
  };
}

async function mapsOf(saved: SavedHead): Promise<EvidenceMaps> {
  const maps = await openEvidence(saved, { pool: 'mean' }, golden.tapShape);
  assert.ok(typeof maps !== 'string', String(maps));
  return maps;
}

function near(found: number, expected: number, bound = 1e-4): void {
  assert.ok(Math.abs(found - expected) <= bound, `${found}, expected ${expected}`);
}

/** Compares every map and score with the fixture, and each map's mean with its score. */
async function equals(saved: SavedHead, { scores, maps }: Golden, bound?: number): Promise<void> {
  const evidence = await mapsOf(saved);
  for (let row = 0, i = 0, at = 0; row < golden.rows; row++) {
    for (const [c, name] of classes.entries()) {
      const found = evidence.evidenceOf(tap, row, c);
      assert.equal(found.class, name);
      assert.deepEqual([found.map.length, found.map[0]?.length], [height, width]);
      near(found.score, scores[i++] as number, bound);
      const values = found.map.flat();
      near(values.reduce((sum, value) => sum + value, 0) / values.length, found.score, 1e-9);
      for (const value of values) near(value, maps[at++] as number, bound);
    }
  }
}

for (const scale of Object.keys(golden.scalings)) {
  test(`a linear head's maps are PyTorch's and their means its logits, --scale ${scale}`, () =>
    equals(savedLinear(scale), golden.scalings[scale] as Golden));
}

test("a linear SVM's maps have the mean of scikit-learn's one-vs-one decision values", async () => {
  const { C, train, labels } = golden.svm;
  const features = { rowCount: labels.length, columnCount: channels, data: Float32Array.from(train) };
  const head = createHead('svm', { C, kernel: 'linear', tolerance: 1e-8 });
  const fitted = await head.fit({ features, labels: Int32Array.from(labels), classes }, context);
  await equals(fitted.save(), golden.svm, 2e-4);
});

test('a transformer has maps of its patches, without its other tokens', async () => {
  const side = 2;
  const tokens = 1 + side ** 2;
  const data = Float32Array.from({ length: tokens * channels }, (_, i) => Math.sin(i));
  const shape = [tokens, channels];
  const maps = await openEvidence(savedLinear('none'), { pool: 'mean', prefixTokens: 1 }, shape);
  assert.ok(typeof maps !== 'string');
  const { map, score } = maps.evidenceOf({ rowCount: 1, rowShape: shape, data }, 0, 1);
  const { weights, bias } = (await featureScores(savedLinear('none'))) ?? assert.fail();
  const scoreOf = (row: readonly number[]): number =>
    row.reduce((sum, value, d) => sum + value * (weights[channels + d] as number), bias[1] as number);
  const patches = Array.from({ length: side ** 2 }, (_, p) => [
    ...data.subarray((p + 1) * channels, (p + 2) * channels),
  ]);
  map.flat().forEach((value, p) => {
    near(value, scoreOf(patches[p] as number[]), 1e-5);
  });
  const pooled = Array.from({ length: channels }, (_, d) => patches.reduce((sum, p) => sum + (p[d] as number), 0) / 4);
  near(score, scoreOf(pooled), 1e-5);
});

test('gives the reason for a missing map: the kernel, the head, the pool or the tap', async () => {
  const { labels, train } = golden.svm;
  const table = {
    features: { rowCount: labels.length, columnCount: channels, data: Float32Array.from(train) },
    labels: Int32Array.from(labels),
    classes,
  };
  const saved = async (model: string, params = {}): Promise<SavedHead> =>
    (await createHead(model, params).fit(table, context)).save();
  const why = async (head: SavedHead, pool: 'mean' | 'max', shape: readonly number[]): Promise<unknown> =>
    openEvidence(head, { pool }, shape);
  assert.match(
    String(await why(await saved('svm', { kernel: 'rbf' }), 'mean', golden.tapShape)),
    /svm with the rbf kernel/,
  );
  for (const model of ['forest', 'knn', 'mlp'])
    assert.match(
      String(await why(await saved(model), 'mean', golden.tapShape)),
      new RegExp(`scores of ${model} are no`),
    );
  assert.match(String(await why(savedLinear('none'), 'max', golden.tapShape)), /pooled by max are not averages/);
  assert.match(String(await why(savedLinear('none'), 'mean', [channels])), /\[6\], has no spatial positions/);
  assert.equal(typeof (await why(await saved('ridge'), 'mean', golden.tapShape)), 'object');
  assert.equal(typeof (await why(await saved('svm', { solver: 'linearsvc' }), 'mean', golden.tapShape)), 'object');
});

test("a map is interpolated to pixels like PyTorch's", () => {
  const { grid, side, values } = golden.spread;
  spreadMap(Float64Array.from(grid), 7, 7, side).forEach((value, i) => {
    near(value, values[i] as number, 1e-6);
  });
});

test("names the position of a map's maximum", () => {
  const at = (row: number, column: number): string =>
    highestPlace(
      Array.from({ length: 7 }, (_, y) => Array.from({ length: 7 }, (_, x) => +(y === row && x === column))),
    );
  assert.deepEqual(
    [at(0, 0), at(3, 3), at(6, 3), at(2, 6), at(1, 3), at(5, 1)],
    ['top left', 'centre', 'bottom', 'right', 'top', 'bottom left'],
  );
  assert.equal(highestPlace([[4]]), 'centre');
});

test('an overlay is a PNG of the crop in grey, coloured from purple (lowest) to yellow (highest)', async () => {
  const pixels = new Uint8Array(14 * 14 * 3).fill(100);
  const map = [
    [-2, 0],
    [1, 6],
  ];
  const png = await overlayPng(pixels, { class: 'a', score: 1.25, map });
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height, info.channels, info.format], [14, 14, 3, 'raw']);
  assert.deepEqual([...data.subarray(0, 3)], [84, 51, 92]);
  assert.deepEqual([...data.subarray(-3)], [177, 166, 69]);
  assert.deepEqual([...sharesOf([[3, 3]], 2)], [0, 0, 0, 0], 'where all places are alike none stands out');
  assert.deepEqual([...overGrey(Uint8Array.of(10, 20, 30), Float64Array.of(1))], [136, 125, 28]);
});
