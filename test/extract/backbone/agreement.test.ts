import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openBackbone } from '../../../src/extract/backbone/open-backbone.ts';
import { poolRows } from '../../../src/extract/backbone/pool.ts';
import { PixelReader } from '../../../src/extract/images/pipeline/pixel-reader.ts';
import { needsReference, reference } from '../../reference.ts';
import { firstRows, preprocessing, readNpyRows, readStateDict, worstRow } from './fixtures.ts';

const weightsFile = 'weights/resnet50-pqf.safetensors';
const skip = needsReference(weightsFile, 'dogs/train', 'reference/dogs-first-100-features.npy');
/** The backbone alone; `test/cli/real-photos.test.ts` compares all 100 rows written by extract. */
const imageCount = 4;

test('features of real photos agree with PyTorch within 1e-4 per row, pooled and as whole maps', { skip }, async () => {
  const ids = JSON.parse(readFileSync(reference('reference/dogs-ids.json'), 'utf8')) as readonly string[];
  const recipe = preprocessing(224, 256);
  const stateDict = readStateDict(reference(weightsFile), 'resnet50');
  const weights = { kind: 'state-dict', stateDict } as const;
  const backbone = await openBackbone({ weights, tap: 'avgpool', preprocessing: recipe, device: 'cpu' });
  const reader = new PixelReader(recipe, () => false);
  const features = readNpyRows(reference('reference/dogs-first-100-features.npy'), [2048]);
  const maps = readNpyRows(reference('reference/dogs-first-2-maps.npy'), [2048, 7, 7]);
  const batchSize = 4;
  for (let from = 0; from < imageCount; from += batchSize) {
    const rowCount = Math.min(batchSize, imageCount - from);
    const bytesNHWC = new Uint8Array(rowCount * 224 * 224 * 3);
    for (let row = 0; row < rowCount; row++) {
      const read = await reader.read(reference(`dogs/train/${ids[from + row]}.jpg`));
      bytesNHWC.set(read.pixels as Uint8Array, row * 224 * 224 * 3);
    }
    const map = await backbone.run({ rowCount, crop: 224, bytesNHWC });
    assert.deepEqual(map.rowShape, [2048, 7, 7]);
    const expected = { shape: [rowCount, 2048], data: features.data.subarray(from * 2048, (from + rowCount) * 2048) };
    const worst = worstRow(poolRows(map, 'mean'), expected);
    assert.ok(worst < 1e-4, `images from ${from}: worst row off by ${worst}`);
    if (from === 0) {
      const whole = worstRow(poolRows(map, 'none'), firstRows(maps, 2));
      assert.ok(whole < 1e-4, `maps off by ${whole}`);
    }
  }
  await backbone.close();
});
