import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFeed } from '../../../../src/extract/backbone/feed.ts';
import { decodeImage } from '../../../../src/extract/images/decode/decode.ts';
import { PixelReader } from '../../../../src/extract/images/pipeline/pixel-reader.ts';
import { openResampler } from '../../../../src/extract/images/resize/resampler.ts';
import { resizeAndCrop } from '../../../../src/extract/images/resize/transform.ts';
import { readingOf } from '../../../../src/extract/network-source.ts';
import { choosePreprocessing } from '../../../../src/extract/preprocessing.ts';
import type { Config } from '../../../../src/extract/weights/hub/config-file.ts';
import { readPreprocessorConfig } from '../../../../src/extract/weights/hub/preprocessor-config.ts';
import { describePreprocessing } from '../../../../src/features/manifest/describe-preprocessing.ts';
import type { Preprocessing } from '../../../../src/features/manifest/manifest.ts';
import { needsReference, reference } from '../../../reference.ts';
import { featuresOf, openPublished, photos, published, readJson, worst } from './published.ts';

interface Golden {
  readonly features: Readonly<Record<string, { readonly cls: readonly number[]; readonly mean: readonly number[] }>>;
  readonly pixels: readonly { readonly preprocessor: Config; readonly photos: Record<string, readonly number[]> }[];
}

/** As scripts/fixtures/extract/dinov3.py writes it. */
const golden = readJson<Golden>(join(published, 'dinov3/golden.json'));
const plain = golden.pixels[0]?.preprocessor as Config;
const read = (config: Config): Preprocessing => choosePreprocessing({}, readPreprocessorConfig(config, 'x'));

/** A sample of the normalized pixels [crop, crop, 3], taken at the positions that the fixture script takes. */
async function someOf(file: string, preprocessing: Preprocessing, kept: number): Promise<readonly number[]> {
  const source = await decodeImage(readFileSync(file), { autoOrient: false });
  const bytes = resizeAndCrop(openResampler(), source, preprocessing);
  const feed = createFeed({ name: 'pixel_values', form: 'normalized', layout: 'NHWC' }, preprocessing);
  const values = feed(bytes, 1).data as Float32Array;
  return Array.from({ length: kept }, (_, i) => values[Math.floor((i * (values.length - 1)) / (kept - 1))] as number);
}

function assertClose(found: readonly number[], expected: readonly number[], what: string): void {
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs((found[i] as number) - value) < 1e-4, `${what}, ${i}: ${found[i]}, not ${value}`);
  }
}

for (const { preprocessor, photos: expected } of golden.pixels) {
  const { size, resample, crop_size: crop } = preprocessor as { size: object; resample: number; crop_size?: object };
  test(`pixels with ${JSON.stringify({ size, resample, crop })} are those of transformers within 1e-4`, async () => {
    for (const [photo, values] of Object.entries(expected)) {
      assertClose(await someOf(join(photos, photo), read(preprocessor), values.length), values, photo);
    }
  });
}

test("pixels of reference photos are those of transformers' processor within 1e-4", {
  skip: needsReference('reference/pixels.csv', 'dogs/train', 'odd-images'),
}, async () => {
  const expected = readJson<Record<string, readonly number[]>>(join(published, 'dinov3/golden-photos.json'));
  const preprocessing = read({ ...plain, size: { height: 224, width: 224 } });
  for (const [photo, values] of Object.entries(expected)) {
    assertClose(await someOf(reference(photo), preprocessing, values.length), values, photo);
  }
});

for (const pool of ['cls', 'mean'] as const) {
  test(`${pool} of a DINOv3 agrees with transformers, its processor included, within 1e-4`, async () => {
    const network = await openPublished('dinov3');
    const found = await featuresOf(network, Object.keys(golden.features), { pool });
    for (const [i, [photo, rows]] of Object.entries(golden.features).entries()) {
      const difference = worst(found[i] as Float32Array, rows[pool]);
      assert.ok(difference < 1e-4, `${photo} is off by ${difference}`);
    }
  });
}

test('a DINOv3 keeps its class token, and the mean excludes its four register tokens', async () => {
  const network = await openPublished('dinov3');
  assert.deepEqual(readingOf(network, {}), { tap: 'last_hidden_state', pool: 'cls' });
  assert.equal(readingOf(network, { pool: 'mean' }).prefixTokens, 5);
});

test('the recipe says that pixels are rescaled before they are resized in floating point', async () => {
  const preprocessing = read(plain);
  assert.equal(preprocessing.resizeIn, 'float32');
  assert.match(describePreprocessing(preprocessing), /^rescaled to \[0, 1\], resized to 28 x 28 .* in floating point/);
  assert.doesNotMatch(describePreprocessing(choosePreprocessing({})), /floating|rescaled/);
});

test('views of an image have the type of its plain pixels', async () => {
  const reader = new PixelReader({ ...read(plain), views: { count: 1, seed: 0 } }, () => false);
  const { pixels, views } = await reader.read(join(photos, 'ycc420.jpg'));
  assert.equal(pixels?.length, 28 * 28 * 3 * 4);
  const view = views?.[0] as Uint8Array<ArrayBuffer>;
  const values = new Float32Array(view.buffer);
  assert.equal(values.length, 28 * 28 * 3);
  assert.ok(values.every((value) => Number.isInteger(Math.round(value * 255 * 1e4) / 1e4)));
  assert.ok(Math.max(...values) > 0.5);
});

test('filters that torchvision does not apply to tensors, and a crop with a border, are rejected by name', () => {
  for (const [field, change] of [
    ['resample', { resample: 1 }],
    ['resample', { resample: 0 }],
    ['crop_size', { do_center_crop: true, crop_size: { height: 30, width: 30 } }],
  ] as const) {
    assert.throws(() => read({ ...plain, ...change }), new RegExp(`is not supported: ${field}`));
  }
});
