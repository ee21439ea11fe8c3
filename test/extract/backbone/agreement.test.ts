import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openBackbone } from '../../../src/extract/backbone/open-backbone.ts';
import { PixelReader } from '../../../src/extract/images/pixel-reader.ts';
import { poolRows } from '../../../src/extract/pool.ts';
import { needsReference, reference } from '../../reference.ts';
import { type Golden, preprocessing, readStateDict, worstRow } from './fixtures.ts';

const weightsFile = 'weights/resnet50-pqf.safetensors';
const skip = needsReference(weightsFile, 'dogs/train', 'reference/dogs-first-100-features.npy');
/** Quick here; FEATURETAP_AGREEMENT_IMAGES=100 checks all that the reference holds. */
const imageCount = Number(process.env['FEATURETAP_AGREEMENT_IMAGES'] ?? 12);

/** A float32 .npy file of version 1, as NumPy writes it: a header of 128 bytes here. */
function readReference(file: string, rowShape: readonly number[]): Golden {
  const bytes = readFileSync(reference(file));
  const headerLength = 10 + bytes.readUInt16LE(8);
  const data = new Float32Array(new Uint8Array(bytes.subarray(headerLength)).buffer);
  const rowLength = rowShape.reduce((product, extent) => product * extent, 1);
  return { shape: [data.length / rowLength, ...rowShape], data };
}

function firstRows(golden: Golden, count: number): Golden {
  const rowLength = golden.data.length / (golden.shape[0] as number);
  return { shape: [count, ...golden.shape.slice(1)], data: golden.data.subarray(0, count * rowLength) };
}

test('features of real photos agree with PyTorch to 1e-4 per row, pooled and whole', { skip }, async () => {
  const ids = JSON.parse(readFileSync(reference('reference/dogs-ids.json'), 'utf8')) as readonly string[];
  const recipe = preprocessing(224, 256);
  const stateDict = readStateDict(reference(weightsFile), 'resnet50');
  const weights = { kind: 'state-dict', stateDict } as const;
  const backbone = await openBackbone({ weights, tap: 'avgpool', preprocessing: recipe, device: 'cpu' });
  const reader = new PixelReader(recipe, () => false);
  const features = readReference('reference/dogs-first-100-features.npy', [2048]);
  const maps = readReference('reference/dogs-first-2-maps.npy', [2048, 7, 7]);
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
