import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import type { ImageFile } from '../../src/extract/images/list/image-file.ts';
import { openPixelPipeline } from '../../src/extract/images/pipeline/pipeline.ts';
import type { PixelPipeline, PixelResult } from '../../src/extract/images/pipeline/pixel-result.ts';
import type { FittedHead } from '../../src/models/model.ts';
import {
  type EmbeddedRows,
  type Embedder,
  type ImageOutcome,
  predictImages,
  topClasses,
} from '../../src/predict/predict.ts';

const seconds = { read: 0, decode: 0, resize: 0 };

/** A pipeline whose pixels are the number in the file's name; names with `bad` do not decode. */
function numberPipeline(): PixelPipeline {
  return {
    recipe: { resize: 2, crop: 1, interpolation: 'bilinear', autoOrient: false },
    threads: 1,
    async *decode(images) {
      for await (const image of images) {
        const result: PixelResult = image.path.includes('bad')
          ? { outcome: 'failed', image, reason: 'not an image', seconds }
          : {
              outcome: 'pixels',
              image,
              sha256: '',
              pixels: new Uint8Array(3).fill(Number(image.id)),
              views: [],
              clipped: false,
              seconds,
            };
        yield result;
      }
    },
    close: async () => {},
  };
}

function recordingEmbedder(batches: number[]): Embedder {
  return {
    recipe: numberPipeline().recipe,
    embed: async ({ rowCount, bytesNHWC }) => {
      batches.push(rowCount);
      return tapped(rowCount, Float32Array.from(bytesNHWC));
    },
    tapShape: [3],
    close: async () => {},
  };
}

/** Rows of three features, tapped unchanged. */
function tapped(rowCount: number, data: Float32Array): EmbeddedRows {
  return { rowCount, columnCount: 3, data, tap: { rowCount, rowShape: [3], data } };
}

/** Gives class n mod 4 the probability 0.7 for an image whose pixels are n. */
const head = {
  classes: ['a', 'b', 'c', 'd'],
  predictBoth: async (features) => {
    const data = new Float32Array(features.rowCount * 4).fill(0.1);
    const predicted = Int32Array.from(
      { length: features.rowCount },
      (_, row) => (features.data[row * 3] as number) % 4,
    );
    for (const [row, c] of predicted.entries()) data[row * 4 + c] = 0.7;
    return { predicted, probabilities: { rowCount: features.rowCount, columnCount: 4, data } };
  },
} as Pick<FittedHead, 'classes' | 'predictBoth'> as FittedHead;

async function* files(names: readonly string[]): AsyncGenerator<ImageFile> {
  for (const name of names) yield { id: name, path: name, relativePath: name };
}

async function predictAll(
  names: readonly string[],
  batch: number,
): Promise<{ outcomes: ImageOutcome[]; batches: number[] }> {
  const batches: number[] = [];
  const options = { pipeline: numberPipeline(), embedder: recordingEmbedder(batches), head, batch };
  const outcomes: ImageOutcome[] = [];
  for await (const outcome of predictImages(files(names), options)) outcomes.push(outcome);
  return { outcomes, batches };
}

const told = (outcome: ImageOutcome): string =>
  outcome.outcome === 'failed'
    ? `${outcome.image.id}: ${outcome.reason}`
    : `${outcome.image.id}: ${topClasses(outcome, head.classes, 1)[0]?.class}`;

test('every image has its own result in order, with any batch size, also broken ones', async () => {
  const names = ['0', 'bad1', '5', '2', 'bad2', '3', '7'];
  const expected = ['0: a', 'bad1: not an image', '5: b', '2: c', 'bad2: not an image', '3: d', '7: d'];
  for (const batch of [1, 2, 3, 100]) {
    const { outcomes, batches } = await predictAll(names, batch);
    assert.deepEqual(outcomes.map(told), expected);
    assert.ok(batches.every((size) => size <= batch));
  }
});

test('broken images are reported as they come, without waiting for a full batch', async () => {
  const names = [...Array.from({ length: 40 }, (_, i) => `bad${i}`), '1'];
  const { outcomes, batches } = await predictAll(names, 4);
  assert.equal(outcomes.length, 41);
  assert.deepEqual(batches, [1]);
});

test('reads a bounded number of images ahead of a list of any length', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-ahead-'));
  try {
    const photo = join(folder, 'photo.png');
    await sharp({ create: { width: 9, height: 9, channels: 3, background: '#246' } })
      .png()
      .toFile(photo);
    const furthestAhead = async (count: number): Promise<number> => {
      let taken = 0;
      async function* many(): AsyncGenerator<ImageFile> {
        for (; taken < count; taken++) yield { id: String(taken), path: photo, relativePath: 'photo.png' };
      }
      const recipe = { resize: 8, crop: 8, interpolation: 'bilinear', autoOrient: false } as const;
      const pipeline = openPixelPipeline(recipe, { threads: 1 });
      const embedder: Embedder = {
        recipe: numberPipeline().recipe,
        embed: async ({ rowCount }) => tapped(rowCount, new Float32Array(rowCount * 3)),
        tapShape: [3],
        close: async () => {},
      };
      let [told, furthest] = [0, 0];
      for await (const _ of predictImages(many(), { pipeline, embedder, head, batch: 8 })) {
        told++;
        furthest = Math.max(furthest, taken - told);
      }
      await pipeline.close();
      assert.equal(told, count);
      return furthest;
    };
    const few = await furthestAhead(450);
    assert.ok(few < 400, `${few} ahead`);
    assert.ok((await furthestAhead(600)) <= few, 'no further with more');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('no image gives no result and does not run the network', async () => {
  assert.deepEqual(await predictAll([], 4), { outcomes: [], batches: [] });
});

test('an abort ends the run with its reason', async () => {
  const signal = AbortSignal.abort(new Error('stop'));
  const options = { pipeline: numberPipeline(), embedder: recordingEmbedder([]), head, batch: 2, signal };
  await assert.rejects(async () => {
    for await (const _ of predictImages(files(['1', '2']), options));
  }, /stop/);
});

test('the predicted class comes first, the others by probability and, where equal, in the order of the classes', () => {
  const probabilities = Float32Array.of(0.25, 0.5, 0.25, 0);
  const ranked = topClasses({ probabilities, predicted: 1 }, ['x', 'y', 'z', 'w'], 3);
  assert.deepEqual(
    ranked.map((entry) => [entry.class, entry.probability]),
    [
      ['y', 0.5],
      ['x', 0.25],
      ['z', 0.25],
    ],
  );
  const voted = topClasses({ probabilities, predicted: 3 }, ['x', 'y', 'z', 'w'], 3);
  assert.deepEqual(
    voted.map((entry) => entry.class),
    ['w', 'y', 'x'],
  );
  assert.equal(topClasses({ probabilities: Float32Array.of(1), predicted: 0 }, ['x'], 5).length, 1);
});
