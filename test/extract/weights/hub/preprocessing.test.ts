import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { decodeImage } from '../../../../src/extract/images/decode/decode.ts';
import { openResampler } from '../../../../src/extract/images/resize/resampler.ts';
import { resizeAndCrop } from '../../../../src/extract/images/resize/transform.ts';
import { choosePreprocessing } from '../../../../src/extract/preprocessing.ts';
import type { Config } from '../../../../src/extract/weights/hub/config-file.ts';
import { readPreprocessorConfig } from '../../../../src/extract/weights/hub/preprocessor-config.ts';
import { readTimmConfig } from '../../../../src/extract/weights/hub/timm-config.ts';
import { needsReference, reference } from '../../../reference.ts';
import { pixelsOf, published, readJson } from './published.ts';

interface Golden {
  readonly name: string;
  readonly preprocessor?: Config;
  readonly pretrainedConfig?: Config;
  readonly sha256: Readonly<Record<string, string>>;
}

const golden = readJson<readonly Golden[]>(join(published, 'preprocessing.json'));

for (const { name, preprocessor, pretrainedConfig, sha256 } of golden) {
  test(`${name}: pixels equal those of the library's own processor on Pillow, to the bit`, async () => {
    const trainedWith =
      preprocessor === undefined
        ? readTimmConfig(pretrainedConfig as Config, 'config.json')
        : readPreprocessorConfig(preprocessor, 'preprocessor_config.json');
    const preprocessing = choosePreprocessing({}, trainedWith);
    for (const [photo, expected] of Object.entries(sha256)) {
      const pixels = await pixelsOf(photo, preprocessing);
      assert.equal(createHash('sha256').update(pixels).digest('hex'), expected, photo);
    }
  });
}

const every = process.env['FEATURETAP_PHOTOS'] === 'all' ? 1 : 5;
test(`pixels of reference photos (${every === 1 ? 'all' : 'every fifth'}) equal those of the published networks' own processors, to the bit`, {
  skip: needsReference('reference/pixels.csv', 'dogs/train', 'odd-images'),
}, async () => {
  type Line = { name: string; preprocessor: Config; photos: number; sha256: string; sha256OfEveryFifth: string };
  const lines = readJson<readonly Line[]>(join(published, 'preprocessing-photos.json'));
  const table = parse(readFileSync(reference('reference/pixels.csv')), { columns: true }) as { file: string }[];
  const files = [...new Set(table.map(({ file }) => file))].filter((_, i) => i % every === 0);
  const recipes = lines.map(({ preprocessor }) => choosePreprocessing({}, readPreprocessorConfig(preprocessor, 'x')));
  const digests = lines.map(() => createHash('sha256'));
  const resampler = openResampler();
  for (const file of files) {
    const source = await decodeImage(readFileSync(reference(file)), { autoOrient: false });
    for (const [i, recipe] of recipes.entries()) digests[i]?.update(resizeAndCrop(resampler, source, recipe));
  }
  for (const [i, { name, photos, sha256, sha256OfEveryFifth }] of lines.entries()) {
    assert.equal(files.length, Math.ceil(photos / every));
    assert.equal(digests[i]?.digest('hex'), every === 1 ? sha256 : sha256OfEveryFifth, name);
  }
});

const plain = golden.find(({ name }) => name === 'dinov2')?.preprocessor as Config;

test("the user's options override the network's preprocessing", () => {
  const trainedWith = readPreprocessorConfig(plain, 'x');
  const asked = { resize: 64, crop: 56, interpolation: 'lanczos', mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const chosen = choosePreprocessing(asked, trainedWith);
  assert.deepEqual(chosen, { ...asked, centerCrop: 'transformers', autoOrient: false });
});

test('a rescale factor is folded into mean and deviation, and without normalization pixels stay in [0, 1]', () => {
  const { mean, std } = readPreprocessorConfig({ ...plain, rescale_factor: 1 / 127.5, image_mean: [1, 1, 1] }, 'x');
  assert.deepEqual(mean, [0.5, 0.5, 0.5]);
  assert.ok(std?.every((value, i) => Math.abs(value - ((plain['image_std'] as number[])[i] as number) / 2) < 1e-12));
  const off = readPreprocessorConfig({ ...plain, do_normalize: false }, 'x');
  assert.deepEqual(
    [off.mean, off.std],
    [
      [0, 0, 0],
      [1, 1, 1],
    ],
  );
});

test('a bare number is a square for some processors, the shorter side for others', () => {
  const old = { ...plain, do_center_crop: false, size: 24 };
  assert.deepEqual(
    readPreprocessorConfig(
      { ...old, feature_extractor_type: 'ViTFeatureExtractor', image_processor_type: undefined },
      'x',
    ).resize,
    [24, 24],
  );
  assert.equal(readPreprocessorConfig({ ...plain, size: 24, crop_size: 20 }, 'x').resize, 24);
});

test("a file without the name of its processor is read with its architecture's defaults", () => {
  const { mean, std } = choosePreprocessing({});
  const old = { do_normalize: true, do_resize: true, image_mean: mean, image_std: std, size: 24 };
  const { resize, interpolation } = readPreprocessorConfig(old, 'x', 'vit');
  assert.deepEqual([resize, interpolation], [[24, 24], 'bilinear']);
  assert.throws(() => readPreprocessorConfig(old, 'x', 'newformer'), /image_processor_type/);
  assert.throws(() => readPreprocessorConfig(old, 'x', 'dinov2'), /resample|crop_size/);
});

const refused: readonly (readonly [field: string, change: Config])[] = [
  ['image_processor_type', { image_processor_type: 'Sam3ImageProcessorFast' }],
  ['resample', { resample: 6 }],
  ['resample', { resample: undefined }],
  ['size', { size: { longest_edge: 224 } }],
  ['size', { size: { shortest_edge: 224 }, do_center_crop: false }],
  ['crop_size', { crop_size: { height: 20, width: 30 } }],
  ['image_mean', { image_mean: undefined }],
  ['image_std', { image_std: [1, 0, 1] }],
  ['do_resize', { do_resize: false }],
  ['do_rescale', { do_rescale: false }],
  ['do_pad', { do_pad: true }],
  ['rescale_offset', { rescale_offset: 1 }],
];
for (const [field, change] of refused) {
  test(`${JSON.stringify(change)} is rejected with the name ${field}`, () => {
    assert.throws(() => readPreprocessorConfig({ ...plain, ...change }, 'x'), new RegExp(`is not supported: ${field}`));
  });
}

test("timm's crop modes and fields that are not supported are rejected by name", () => {
  const config = golden.find(({ name }) => name === 'timm-center')?.pretrainedConfig as Config;
  for (const [field, value] of [
    ['crop_mode', 'border'],
    ['interpolation', 'random'],
    ['input_size', [1, 28, 27]],
    ['crop_pct', undefined],
    ['mean', [0.5]],
    ['mean', [0.5, 0.5, 0.5, 0.5]],
  ] as const) {
    assert.throws(() => readTimmConfig({ ...config, [field]: value }, 'x'), new RegExp(`pretrained_cfg.${field}`));
  }
});
