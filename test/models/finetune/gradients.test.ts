import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphBuilder } from '../../../src/formats/onnx/graph-builder.ts';
import { graphShapes } from '../../../src/models/finetune/network/layout.ts';
import { addTrainingStep, type StepOptions } from '../../../src/models/finetune/network/step-graph.ts';
import { gradientOf } from '../../../src/models/finetune/network/step-tensors.ts';
import { smoothTargets } from '../../../src/models/finetune/training-rows.ts';
import { float32Tensor, openGraph } from '../../../src/numerics/graph-session.ts';
import { classCount, type Golden, golden, relativeError } from './golden.ts';

const batch = 8;

for (const kind of ['bottleneck', 'basic'] as const) {
  const expected = golden(kind);
  for (const mode of ['frozen', 'train'] as const) {
    for (const [frozenBlocks, rowsPerThread, winograd] of [
      [0, 392, false],
      [2, 392, false],
      [0, 31, false],
      [0, 392, true],
    ] as const) {
      const products = rowsPerThread < 392 ? ', products in pieces' : winograd ? ", Winograd's products" : '';
      const what = `${kind} blocks, batch norm ${mode}, ${frozenBlocks} blocks frozen${products}`;
      test(`${what}: the loss and every gradient are those of PyTorch's autograd`, async () => {
        const found = await oneStep(expected, { batchNorm: mode, frozenBlocks, rowsPerThread, winograd });
        const prefix = `${mode} ${frozenBlocks}`;
        assert.ok(relativeError(found('loss'), expected.array(`${prefix} loss`)) < 1e-5, 'loss');
        const names = expected.names(`${prefix} gradient`);
        assert.ok(names.length >= (frozenBlocks === 0 ? 20 : 8), `${names.length} tensors`);
        for (const name of names) {
          const error = relativeError(found(gradientOf(name)), expected.graphTensor(`${prefix} gradient:${name}`));
          assert.ok(error < 1e-4, `${name}: off by ${error}`);
        }
      });
    }
  }
}

async function oneStep(
  { tail, array, labels, state }: Golden,
  options: Pick<StepOptions, 'batchNorm' | 'frozenBlocks' | 'rowsPerThread' | 'winograd'>,
): Promise<(name: string) => Float32Array> {
  const graph = new GraphBuilder('step');
  addTrainingStep(graph, tail, { ...options, classes: classCount, batch, threads: 1 });
  const session = await openGraph(graph, 1);
  const shapes = graphShapes(tail, classCount);
  const feeds = Object.fromEntries(
    [...state('start')]
      .filter(([name]) => session.inputNames.includes(name))
      .map(([name, data]) => [name, float32Tensor(data, shapes.get(name)!)]),
  );
  const [channels, height, width] = tail.mapShape;
  const targets = smoothTargets(labels.subarray(0, batch), array('weights').subarray(0, batch), classCount, 0.1);
  try {
    const results = await session.run({
      ...feeds,
      maps: float32Tensor(array('maps').slice(0, batch * channels * height * width), [batch, ...tail.mapShape]),
      targets: float32Tensor(targets, [batch, classCount]),
    });
    return (name) => results[name]!.data as Float32Array;
  } finally {
    await session.release();
  }
}
