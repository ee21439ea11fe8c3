import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeImage } from '../../../../src/extract/images/decode/decode.ts';
import { openPixelPipeline } from '../../../../src/extract/images/pipeline/pipeline.ts';
import { openResampler } from '../../../../src/extract/images/resize/resampler.ts';
import { plainResampler, type SourcePixels } from '../../../../src/extract/images/resize/resize.kernel.ts';
import {
  type Box,
  drawBox,
  drawView,
  type ViewParameters,
  viewPixels,
} from '../../../../src/extract/images/views/views.ts';
import { jsonFixture, projectRoot } from '../../../reference.ts';

interface Golden {
  readonly views: readonly (ViewParameters & {
    readonly imageWidth: number;
    readonly imageHeight: number;
    readonly crop: number;
    readonly sha256: string;
  })[];
  readonly boxes: readonly (Box & {
    readonly imageWidth: number;
    readonly imageHeight: number;
    readonly numbers: readonly number[];
  })[];
}
const golden = jsonFixture<Golden>('views.json');

/** The image generator of scripts/fixtures/extract/views.py, for any number of channels. */
function drawn(width: number, height: number, channels: 3 | 4): SourcePixels {
  const data = new Uint8Array(width * height * channels);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) data[at++] = (x * (7 + c) + y * (13 - 2 * c) + x * y) % 256;
    }
  }
  return { data, width, height, channels };
}

const hash = (pixels: Uint8Array): string => createHash('sha256').update(pixels).digest('hex');

test('pixels of a view equal torchvision’s rotate, resized_crop and hflip with the same parameters', () => {
  for (const resampler of [openResampler(), plainResampler()]) {
    for (const { imageWidth, imageHeight, crop, sha256, ...view } of golden.views) {
      for (const channels of [3, 4] as const) {
        const pixels = viewPixels(resampler, drawn(imageWidth, imageHeight, channels), view, crop);
        assert.equal(hash(pixels), sha256, JSON.stringify({ imageWidth, imageHeight, ...view }));
      }
    }
  }
});

test('boxes equal torchvision’s RandomResizedCrop.get_params with the same random numbers', () => {
  for (const { imageWidth, imageHeight, numbers, ...box } of golden.boxes) {
    const left = [...numbers];
    assert.deepEqual(
      drawBox(imageWidth, imageHeight, () => left.shift() as number),
      box,
    );
  }
});

test('a view depends on file, seed and number, and on nothing else', () => {
  const size = { width: 500, height: 375 };
  const [a, b] = ['a', 'b'].map((name) => createHash('sha256').update(name).digest('hex')) as [string, string];
  assert.deepEqual(drawView(a, 3, 1, size), drawView(a, 3, 1, size));
  for (const other of [drawView(b, 3, 1, size), drawView(a, 4, 1, size), drawView(a, 3, 2, size)]) {
    assert.notDeepEqual(other, drawView(a, 3, 1, size));
  }
});

test("the parameters of views have the distribution of the notebook's", () => {
  const count = 4000;
  const views = Array.from({ length: count }, (_, i) =>
    drawView(createHash('sha256').update(String(i)).digest('hex'), 0, 1, { width: 500, height: 375 }),
  );
  const mean = (of: (view: ViewParameters) => number): number => views.reduce((sum, view) => sum + of(view), 0) / count;
  const near = (found: number, expected: number, tolerance: number, what: string): void =>
    assert.ok(Math.abs(found - expected) < tolerance, `${what}: ${found} against ${expected}`);
  // Five standard errors of a uniform angle on [-30, 30) and of a fair coin.
  near(
    mean(({ angle }) => angle),
    0,
    (5 * 17.33) / Math.sqrt(count),
    'mean angle',
  );
  near(
    mean(({ angle }) => Number(angle < -15)),
    0.25,
    (5 * 0.433) / Math.sqrt(count),
    'angles below -15',
  );
  near(
    mean(({ flip }) => Number(flip)),
    0.5,
    (5 * 0.5) / Math.sqrt(count),
    'flips',
  );
  assert.ok(views.every(({ angle }) => angle >= -30 && angle < 30));
  assert.ok(views.every((v) => v.top >= 0 && v.left >= 0 && v.top + v.height <= 375 && v.left + v.width <= 500));
  const shares = views.map((v) => (v.width * v.height) / (500 * 375));
  assert.ok(shares.every((share) => share > 0.079 && share <= 1));
  assert.ok(views.every((v) => v.width / v.height > 0.74 && v.width / v.height < 1.35));
});

test('the pipeline returns the plain image and its views, the same with any number of threads', async () => {
  const path = join(projectRoot, 'test/fixtures/pixels/ycc420.jpg');
  const bytes = readFileSync(path);
  const source = await decodeImage(bytes, { autoOrient: false });
  const resampler = openResampler();
  const expected = [1, 2, 3].map((view) =>
    hash(viewPixels(resampler, source, drawView(hash(bytes), 11, view, source), 32)),
  );
  for (const threads of [1, 2]) {
    const recipe = {
      resize: 40,
      crop: 32,
      interpolation: 'bilinear',
      autoOrient: false,
      views: { count: 3, seed: 11 },
    } as const;
    const pipeline = openPixelPipeline(recipe, { threads });
    for await (const result of pipeline.decode([0, 1, 2].map((id) => ({ id: `${id}`, path, relativePath: path })))) {
      assert.ok(result.outcome === 'pixels');
      assert.deepEqual(result.views.map(hash), expected);
    }
    await pipeline.close();
  }
  assert.equal(new Set(expected).size, 3);
});
