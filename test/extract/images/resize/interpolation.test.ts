import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { decodeImage } from '../../../../src/extract/images/decode/decode.ts';
import { openResampler } from '../../../../src/extract/images/resize/resampler.ts';
import { plainResampler } from '../../../../src/extract/images/resize/resize.kernel.ts';
import { resizeAndCrop } from '../../../../src/extract/images/resize/transform.ts';
import type { Interpolation, Preprocessing } from '../../../../src/features/manifest/manifest.ts';
import { needsReference, projectRoot, reference } from '../../../reference.ts';

const fixtures = join(projectRoot, 'test/fixtures/pixels');
const read = (file: string): readonly Record<string, string>[] =>
  parse(readFileSync(file), { columns: true }) as Record<string, string>[];

function recipeOf({ interpolation, resize = '', crop }: Record<string, string>) {
  const [height = 0, width] = resize.split('x').map(Number);
  return {
    resize: (width === undefined ? height : [height, width]) as Preprocessing['resize'],
    crop: Number(crop),
    interpolation: interpolation as Interpolation,
  };
}

const golden = read(join(fixtures, 'interpolation.csv'));
for (const interpolation of new Set(golden.map((line) => line['interpolation']))) {
  test(`${interpolation}: pixels of every fixture equal Pillow's and torchvision's, also in plain loops`, async () => {
    for (const line of golden.filter((one) => one['interpolation'] === interpolation)) {
      const source = await decodeImage(readFileSync(join(fixtures, line['file'] ?? '')), { autoOrient: false });
      for (const resampler of [openResampler(), plainResampler()]) {
        const pixels = resizeAndCrop(resampler, source, recipeOf(line));
        const sha256 = createHash('sha256').update(pixels).digest('hex');
        assert.equal(sha256, line['sha256'], `${line['file']}, ${line['resize']}, crop ${line['crop']}`);
      }
    }
  });
}

const part = process.env['FEATURETAP_PHOTOS'] === 'all' ? 'all' : 'every fifth';
test(`pixels of reference photos (${part}) equal Pillow's and torchvision's, with any filter and size`, {
  skip: needsReference('reference/pixels.csv', 'dogs/train', 'odd-images'),
}, async () => {
  const lines = read(join(fixtures, 'interpolation-photos.csv')).filter((line) => line['part'] === part);
  const all = [...new Set(read(reference('reference/pixels.csv')).map(({ file = '' }) => file))];
  const files = part === 'all' ? all : all.filter((_, i) => i % 5 === 0);
  const digests = lines.map(() => createHash('sha256'));
  const resampler = openResampler();
  // Each photo is decoded once for all recipes.
  for (const file of files) {
    const source = await decodeImage(readFileSync(reference(file)), { autoOrient: false });
    for (const [i, line] of lines.entries()) digests[i]?.update(resizeAndCrop(resampler, source, recipeOf(line)));
  }
  assert.equal(lines.length, 10);
  for (const [i, line] of lines.entries()) {
    assert.equal(files.length, Number(line['photos']));
    assert.equal(digests[i]?.digest('hex'), line['sha256'], `${line['interpolation']} at ${line['resize']}`);
  }
});
