import assert from 'node:assert/strict';
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadNetwork, readingOf } from '../../../../src/extract/network-source.ts';
import { loadWeights } from '../../../../src/extract/weights/load-weights.ts';
import type { Pool } from '../../../../src/features/manifest/manifest.ts';
import { decodeModel } from '../../../../src/formats/onnx/decode.ts';
import { encodeModel } from '../../../../src/formats/onnx/encode.ts';
import { makeTemporaryFolder } from '../../../../src/system/temporary-folder.ts';
import { featuresOf, goldenFeatures, openPublished, published, worst } from './published.ts';

const defaults: Readonly<Record<string, string>> = {
  dinov2: 'cls',
  'dinov2-registers': 'cls',
  convnext: 'pooler_output',
  siglip: 'pooler_output',
  clip: 'image_embeds',
};

for (const [name, readings] of Object.entries(goldenFeatures)) {
  for (const [reading, rows] of Object.entries(readings)) {
    test(`${name}: ${reading} agrees with transformers, its processor included, within 1e-4`, async () => {
      const network = await openPublished(name);
      const asked = /^(cls|mean)/.test(reading) ? { pool: reading as Pool } : { tap: reading };
      const photos = Object.keys(rows);
      const found = await featuresOf(network, photos, asked);
      for (const [i, photo] of photos.entries()) {
        const difference = worst(found[i] as Float32Array, rows[photo] as readonly number[]);
        assert.ok(difference < 1e-4, `${photo} is off by ${difference}`);
      }
    });
  }

  test(`${name}: ${defaults[name]} is the default`, async () => {
    const { tap, pool } = readingOf(await openPublished(name), {});
    assert.equal(tap === 'last_hidden_state' ? pool : tap, defaults[name]);
  });
}

test('the mean over patches excludes the class token and four register tokens, as the config counts them', async () => {
  const network = await openPublished('dinov2-registers');
  assert.equal(readingOf(network, { pool: 'mean' }).prefixTokens, 5);
  assert.equal(readingOf(network, {}).prefixTokens, undefined);
});

test('a graph whose batch size is fixed at one gives the rows that it gives in batches', async () => {
  const folder = await makeTemporaryFolder('hub');
  try {
    cpSync(join(published, 'siglip'), folder.path, { recursive: true });
    const file = join(folder.path, 'onnx/vision_model.onnx');
    const model = decodeModel(readFileSync(file));
    const [input] = model.graph.input;
    const tensorType = input?.type?.tensorType;
    assert.ok(input !== undefined && tensorType?.shape !== undefined);
    const dim = tensorType.shape.dim.map((one, axis) => (axis === 0 ? { dimValue: 1 } : one));
    const type = { ...input.type, tensorType: { ...tensorType, shape: { ...tensorType.shape, dim } } };
    writeFileSync(file, encodeModel({ ...model, graph: { ...model.graph, input: [{ ...input, type }] } }));
    const photos = ['ycc420.jpg', 'profile.png', 'ycc411.jpg'];
    const alone = await featuresOf(await loadNetwork(folder.path, { device: 'cpu' }), photos, {});
    for (const [i, row] of (await featuresOf(await openPublished('siglip'), photos, {})).entries())
      assert.ok(worst(alone[i] as Float32Array, [...row]) < 1e-5);
  } finally {
    await folder.remove();
  }
});

test('inputs and outputs may have any name; an output with an unusual name must be chosen', async () => {
  const folder = await makeTemporaryFolder('hub');
  try {
    cpSync(join(published, 'dinov2'), folder.path, { recursive: true });
    const file = join(folder.path, 'onnx/model.onnx');
    const { graph, ...model } = decodeModel(readFileSync(file));
    const names: Readonly<Record<string, string>> = { pixel_values: 'image', last_hidden_state: 'tokens' };
    const renamed = (name: string): string => names[name] ?? name;
    const node = graph.node.map((one) => ({
      ...one,
      input: one.input.map(renamed),
      output: one.output.map(renamed),
    }));
    const input = graph.input.map((one) => ({ ...one, name: renamed(one.name) }));
    const output = graph.output.map((one) => ({ ...one, name: renamed(one.name) }));
    writeFileSync(file, encodeModel({ ...model, graph: { ...graph, node, input, output } }));
    await assert.rejects(
      loadNetwork(folder.path, { device: 'cpu' }),
      /--tap tokens --pool cls or --tap tokens --pool mean/,
    );
    const asked = { tap: 'tokens', pool: 'cls+mean' } as const;
    const network = await loadNetwork(folder.path, { device: 'cpu', readings: [asked] });
    const [row] = await featuresOf(network, ['ycc420.jpg'], asked);
    assert.ok(worst(row as Float32Array, goldenFeatures['dinov2']?.['cls+mean']?.['ycc420.jpg'] ?? []) < 1e-4);
  } finally {
    await folder.remove();
  }
});

test('tensors in a file beside the graph give the same features, and are part of its hash', async () => {
  const [plain, external] = [await openPublished('dinov2'), await openPublished('dinov2', 'external')];
  const [one] = await featuresOf(plain, ['ycc420.jpg'], {});
  const [other] = await featuresOf(external, ['ycc420.jpg'], {});
  assert.deepEqual(other, one);
  assert.notEqual(external.weightsSha256, plain.weightsSha256);
  // The path of the graph alone names the same network: a feature set's record opens it again.
  const file = external.weightsFile as string;
  const again = await loadWeights(file);
  assert.equal(again.kind === 'onnx' && again.sha256, external.weightsSha256);

  const folder = await makeTemporaryFolder('hub');
  try {
    cpSync(join(published, 'dinov2'), folder.path, { recursive: true });
    copyFileSync(join(folder.path, 'onnx/model.onnx'), join(folder.path, 'onnx/model_external.onnx_data'));
    const changed = await loadNetwork(folder.path, { device: 'cpu', variant: 'external' });
    assert.notEqual(changed.weightsSha256, external.weightsSha256);
    rmSync(join(folder.path, 'onnx/model_external.onnx_data'));
    await assert.rejects(loadNetwork(folder.path, { device: 'cpu', variant: 'external' }), /model_external.onnx_data/);
  } finally {
    await folder.remove();
  }
});
