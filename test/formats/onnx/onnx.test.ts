import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { decodeModel } from '../../../src/formats/onnx/decode.ts';
import { encodeModel } from '../../../src/formats/onnx/encode.ts';
import { GraphBuilder } from '../../../src/formats/onnx/graph-builder.ts';
import { decodeTensor, type TensorValue } from '../../../src/formats/onnx/tensor.ts';
import { UserError } from '../../../src/system/errors.ts';
import { projectRoot } from '../../reference.ts';

const folder = join(projectRoot, 'test/fixtures/onnx');
const everyField = readFileSync(join(folder, 'every-field.onnx'));
type Expected = Record<string, { shape: number[]; values: (string | number | boolean)[] }>;
const expected = JSON.parse(readFileSync(join(folder, 'every-field.json'), 'utf8')) as Expected;

function plain(value: TensorValue): (string | number)[] {
  if (value.type === 'string') return [...value.data];
  return Array.from(value.data as ArrayLike<number | bigint>, (item) =>
    typeof item === 'bigint' ? String(item) : Number.isFinite(item) ? item : item > 0 ? 'inf' : '-inf',
  );
}

test('reads every element type from Python, in raw bytes and in typed fields', () => {
  const { graph } = decodeModel(everyField);
  for (const storage of ['raw', 'typed']) {
    for (const [type, { shape, values }] of Object.entries(expected)) {
      const tensor = graph.initializer.find((candidate) => candidate.name === `${storage}_${type}`);
      assert.ok(tensor, `${storage}_${type}`);
      const value = decodeTensor(tensor);
      assert.equal(value.type, type);
      assert.deepEqual(value.shape, shape);
      assert.deepEqual(
        plain(value),
        values.map((item) => (typeof item === 'boolean' ? Number(item) : item)),
      );
    }
  }
});

test('reads names, shapes and attributes from Python', () => {
  const model = decodeModel(everyField);
  assert.equal(model.producerName, 'python');
  assert.deepEqual(model.opsetImport, [
    { domain: '', version: 17 },
    { domain: 'test.domain', version: 2 },
  ]);
  assert.deepEqual(model.metadataProps, [{ key: 'k', value: 'v' }]);
  const [node] = model.graph.node;
  assert.ok(node);
  assert.deepEqual(node.input, ['x', '', 'raw_float32']);
  assert.deepEqual(node.output, ['y', 'z']);
  const attributes = new Map(node.attribute.map((attribute) => [attribute.name, attribute]));
  assert.equal(attributes.get('a_float')?.f, Math.fround(0.1));
  assert.equal(attributes.get('an_int')?.i, -3);
  assert.equal(attributes.get('a_big_int')?.i, 2n ** 62n + 1n);
  assert.equal(new TextDecoder().decode(attributes.get('a_string')?.s), 'größe');
  assert.deepEqual(attributes.get('some_floats')?.floats, [0.5, -1.5]);
  assert.deepEqual(attributes.get('some_ints')?.ints, [1, -1, 2 ** 40]);
  assert.equal(attributes.get('some_strings')?.strings.length, 2);
  assert.equal(attributes.get('a_graph')?.g?.node[0]?.opType, 'Identity');
  const shape = model.graph.input[0]?.type?.tensorType?.shape?.dim;
  assert.deepEqual(shape, [{ dimParam: 'batch' }, { dimValue: 3 }, {}, { dimValue: 7 }]);
});

test('writes back what it read, including fields outside the subset', () => {
  const model = decodeModel(everyField);
  const again = encodeModel(model);
  assert.equal(again.length, everyField.length);
  assert.deepEqual(encodeModel(decodeModel(again)), again);
  // All fields of the fixture that are outside the subset.
  for (const text of ['SCALE', 'test.domain', 'graph doc']) assert.ok(Buffer.from(again).includes(text), text);
});

test('builds graphs that ONNX Runtime runs, with dynamic dimensions and the ml operators', async () => {
  const builder = new GraphBuilder('sum');
  const x = builder.input('x', 'float32', ['rows', 2]);
  const w = builder.initializer('w', { type: 'float32', shape: [2, 1], data: new Float32Array([10, 1]) });
  const product = builder.node('Gemm', [x, w], { alpha: { float: 0.5 } });
  builder.output(builder.node('Relu', [product], {}, { outputs: ['y'] }), 'float32', ['rows', 1]);
  const scores = builder.node(
    'Scaler',
    [x],
    { offset: new Float32Array([1, 0]), scale: new Float32Array([2, 3]) },
    { domain: 'ai.onnx.ml', outputs: ['scaled'] },
  );
  builder.output(scores, 'float32', ['rows', 2]);
  const bytes = encodeModel(builder.model({ opsets: { '': 17, 'ai.onnx.ml': 3 } }));
  const session = await ort.InferenceSession.create(bytes);
  const feeds = { x: new ort.Tensor('float32', new Float32Array([1, 2, 3, 4, -9, 0]), [3, 2]) };
  const result = await session.run(feeds);
  assert.deepEqual(result['y']?.data, new Float32Array([6, 17, 0]));
  assert.deepEqual(result['scaled']?.data, new Float32Array([0, 6, 4, 12, -20, 0]));
  await session.release();
});

test('the same graph gives the same bytes', () => {
  const build = (): Uint8Array => {
    const builder = new GraphBuilder('g');
    const x = builder.input('x', 'float32', ['n']);
    builder.output(builder.node('Relu', [x]), 'float32', ['n']);
    return encodeModel(builder.model());
  };
  assert.deepEqual(build(), build());
});

test('rejects tensors whose data does not have the size of their shape', () => {
  const builder = new GraphBuilder('g');
  assert.throws(
    () => builder.initializer('w', { type: 'float32', shape: [2, 2], data: new Float32Array(3) }),
    (error) => error instanceof UserError && /3 elements[\s\S]*4 for \[2, 2\]/.test(error.message),
  );
  const short = {
    ...(decodeModel(everyField).graph.initializer[0] as NonNullable<unknown>),
    dims: [1_000_000_000_000],
  };
  assert.throws(() => decodeTensor(short as never), UserError);
});

test('rejects external data, with the file and a fix', () => {
  const builder = new GraphBuilder('g');
  builder.initializer('w', { type: 'float32', shape: [1], data: new Float32Array(1) });
  const model = builder.model();
  const [tensor] = model.graph.initializer;
  assert.ok(tensor);
  const external = { ...tensor, dataLocation: 1, externalData: [{ key: 'location', value: 'weights.bin' }] };
  const bytes = encodeModel({ ...model, graph: { ...model.graph, initializer: [external] } });
  assert.throws(() => decodeModel(bytes), /weights\.bin[\s\S]*onnx\.save/);
});

test('any truncation or flipped bit gives a user error or a graph', () => {
  const attempts: Uint8Array[] = [new Uint8Array(0), new TextEncoder().encode('<html>not found</html>')];
  for (let length = 1; length < everyField.length; length++) attempts.push(everyField.subarray(0, length));
  for (let bit = 0; bit < everyField.length * 8; bit++) {
    const flipped = Uint8Array.from(everyField);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    attempts.push(flipped);
  }
  let refused = 0;
  for (const bytes of attempts) {
    try {
      for (const tensor of decodeModel(bytes).graph.initializer) decodeTensor(tensor);
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      refused++;
    }
  }
  assert.ok(refused > 1000, `${refused} refused`);
});

test('rejects endless nesting and millions of empty messages before memory runs out', () => {
  // From the inside out: an attribute holds a graph (6), a node the attribute (5), a graph the node (1), and again.
  const holders = [6, 5, 1];
  let nested: number[] = [];
  const wrap = (field: number): number[] => {
    const size = nested.length < 128 ? [nested.length] : [(nested.length & 127) | 128, nested.length >> 7];
    return [(field << 3) | 2, ...size, ...nested];
  };
  for (let level = 0; level < 201; level++) nested = wrap(holders[level % 3] as number);
  assert.throws(() => decodeModel(Uint8Array.from(wrap(7))), /nested deeper than 100/);
  const flood = new Uint8Array(4_000_000);
  for (let at = 0; at < flood.length; at += 2) flood[at] = (14 << 3) | 2;
  assert.throws(() => decodeModel(flood), /more than 1000000 messages/);
});
