import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readGraphFile } from '../../../../src/extract/weights/graph-file.ts';
import { chooseReading, type Outputs } from '../../../../src/extract/weights/hub/reading.ts';
import { loadWeights } from '../../../../src/extract/weights/load-weights.ts';
import { encodeModel } from '../../../../src/formats/onnx/encode.ts';
import { GraphBuilder } from '../../../../src/formats/onnx/graph-builder.ts';
import { makeTemporaryFolder } from '../../../../src/system/temporary-folder.ts';
import { openPublished, published } from './published.ts';

function outputsOf(architecture: string, outputs: Record<string, number>, prefixTokens?: number): Outputs {
  return { architecture, outputs: new Map(Object.entries(outputs)), prefixTokens, path: 'config.json' };
}

test('where several readings fit an unknown architecture, an error lists them as options', () => {
  const unknown = outputsOf('newformer', { last_hidden_state: 3, pooler_output: 2 });
  assert.throws(
    () => chooseReading(unknown, {}),
    /newformer[\s\S]*--tap last_hidden_state --pool cls or --tap pooler_output/,
  );
  assert.deepEqual(chooseReading(unknown, { tap: 'pooler_output' }), { tap: 'pooler_output', pool: 'none' });
  assert.throws(() => chooseReading(unknown, { tap: 'last_hidden_state' }), /--tap last_hidden_state --pool cls/);
});

test('a single output vector is used for any architecture, except class scores', () => {
  assert.equal(chooseReading(outputsOf('timm', { features: 2 }), {}).tap, 'features');
  assert.throws(() => chooseReading(outputsOf('vit', { logits: 2 }, 1), {}), /--tap logits/);
  assert.equal(chooseReading(outputsOf('vit', { logits: 2 }, 1), { tap: 'logits' }).tap, 'logits');
});

test('a usual output that a graph lacks is not replaced without an error', () => {
  const clip = outputsOf('clip', { last_hidden_state: 3, pooler_output: 2 }, 1);
  assert.throws(() => chooseReading(clip, {}), /--pool cls\+mean or --tap pooler_output/);
});

test('a pool alone applies to the tokens', () => {
  const siglip = outputsOf('siglip', { last_hidden_state: 3, pooler_output: 2 }, 0);
  const mean = { tap: 'last_hidden_state', pool: 'mean', prefixTokens: 0 };
  assert.deepEqual(chooseReading(siglip, { pool: 'mean' }), mean);
  assert.throws(() => chooseReading(siglip, { pool: 'cls' }), /no class token/);
});

test('a missing variant is rejected with the existing ones', async () => {
  await assert.rejects(openPublished('dinov2', 'fp16'), /no variant fp16[\s\S]*--variant external/);
  await assert.rejects(loadWeights('resnet50', { variant: 'fp16' }), /--variant/);
});

test("a folder without one of the files is rejected with the file's name", async () => {
  const folder = await makeTemporaryFolder('hub');
  try {
    await assert.rejects(loadWeights(folder.path), /no config.json/);
    writeFileSync(join(folder.path, 'config.json'), '{"model_type": "vit"}');
    await assert.rejects(loadWeights(folder.path), /no preprocessor_config.json/);
    writeFileSync(join(folder.path, 'preprocessor_config.json'), '[1]');
    await assert.rejects(loadWeights(folder.path), /no JSON object/);
  } finally {
    await folder.remove();
  }
});

test('tensors in a file outside the folder of the graph are rejected', async () => {
  const folder = await makeTemporaryFolder('hub');
  try {
    const graph = join(folder.path, 'inner', 'model.onnx');
    mkdirSync(join(folder.path, 'inner'));
    writeFileSync(join(folder.path, 'secret'), new Uint8Array(12));
    for (const location of ['../secret', '/etc/passwd', 'a/../../secret', '..\\secret', 'C:\\secret']) {
      const builder = new GraphBuilder('g');
      builder.input('x', 'float32', [1, 3]);
      builder.initializer('w', { type: 'float32', shape: [3], data: new Float32Array(3) });
      builder.output(builder.node('Add', ['x', 'w']), 'float32', [1, 3]);
      const model = builder.model();
      const [tensor] = model.graph.initializer;
      assert.ok(tensor !== undefined);
      const { rawData, ...rest } = tensor;
      assert.equal(rawData?.length, 12);
      const external = { ...rest, dataLocation: 1, externalData: [{ key: 'location', value: location }] };
      writeFileSync(graph, encodeModel({ ...model, graph: { ...model.graph, initializer: [external] } }));
      await assert.rejects(readGraphFile(graph), /outside its own folder/, location);
    }
  } finally {
    await folder.remove();
  }
});

test('a graph alone does not tell the number of tokens before its patches', async () => {
  const weights = await loadWeights(join(published, 'dinov2/onnx/model.onnx'));
  assert.equal(weights.kind === 'onnx' && weights.published, undefined);
});
