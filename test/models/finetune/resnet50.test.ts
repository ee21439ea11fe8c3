import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resNetTail } from '../../../src/extract/backbone/resnet-tail.ts';
import { loadWeights } from '../../../src/extract/weights/load-weights.ts';
import { GraphBuilder } from '../../../src/formats/onnx/graph-builder.ts';
import { graphShapes, graphTensors, kernelsOf, toGraphKernels } from '../../../src/models/finetune/network/layout.ts';
import { addTrainingStep } from '../../../src/models/finetune/network/step-graph.ts';
import { gradientOf } from '../../../src/models/finetune/network/step-tensors.ts';
import { smoothTargets } from '../../../src/models/finetune/training-rows.ts';
import { float32Tensor, openGraph } from '../../../src/numerics/graph-session.ts';
import { needsReference, reference } from '../../reference.ts';
import { folder } from './golden.ts';

const weightsFile = 'weights/resnet50-pqf.safetensors';

interface Expected {
  readonly loss: number;
  /** Length of each gradient, and its product with a fixed direction. */
  readonly gradients: Readonly<Record<string, readonly [number, number]>>;
}

/** float32 of the sine of integer multiples, as in the fixture. */
function wave(count: number, step: number): Float32Array {
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = Math.sin(i * step);
  return numbers;
}

let once: ReturnType<typeof open> | undefined;
function opened(): ReturnType<typeof open> {
  once ??= open();
  return once;
}

async function open() {
  const loaded = await loadWeights(reference(weightsFile), {});
  assert.ok(loaded.kind === 'state-dict');
  const found = resNetTail(loaded.stateDict, 'layer3')!;
  const tail = { ...found, mapShape: [1024, 14, 14] } as const;
  return { tail, tensors: graphTensors(tail.blocks, found.tensors) };
}

for (const batchNorm of ['frozen', 'train'] as const) {
  test(`layer4 of a ResNet50, batch norm ${batchNorm}: the loss and every gradient are those of PyTorch's autograd`, {
    skip: needsReference(weightsFile),
  }, async () => {
    const golden: Record<string, Expected> = JSON.parse(readFileSync(join(folder, 'resnet50.json'), 'utf8'));
    const expected = golden[batchNorm]!;
    const { tail, tensors } = await opened();
    const graph = new GraphBuilder('step');
    addTrainingStep(graph, tail, { classes: 1000, batch: 4, threads: 1, batchNorm, frozenBlocks: 0 });
    const session = await openGraph(graph, 2);
    const shapes = graphShapes(tail, 1000);
    const feeds = Object.fromEntries(
      [...tensors]
        .filter(([name]) => session.inputNames.includes(name))
        .map(([name, data]) => [name, float32Tensor(data, shapes.get(name)!)]),
    );
    const maps = wave(4 * 1024 * 14 * 14, 0.7311).map((value) => Math.max(0, value));
    const targets = smoothTargets([1, 20, 300, 999], [1, 1, 1, 1], 1000, 0.1);
    const results = await session.run({
      ...feeds,
      maps: float32Tensor(maps, [4, 1024, 14, 14]),
      targets: float32Tensor(targets, [4, 1000]),
    });
    await session.release();
    const loss = (results['loss']!.data as Float32Array)[0]!;
    assert.ok(Math.abs(loss / expected.loss - 1) < 1e-5, `${loss}, not ${expected.loss}`);
    const kernels = kernelsOf(tail.blocks);
    for (const [name, [length, along]] of Object.entries(expected.gradients)) {
      const gradient = results[gradientOf(name)]!.data as Float32Array;
      const conv = kernels.get(name);
      const direction = wave(gradient.length, 0.37);
      const own = conv === undefined ? direction : toGraphKernels(direction, conv);
      let [squares, product] = [0, 0];
      for (let i = 0; i < gradient.length; i++) {
        squares += gradient[i]! ** 2;
        product += gradient[i]! * own[i]!;
      }
      assert.ok(Math.abs(Math.sqrt(squares) / length - 1) < 1e-4, `${name}: ${Math.sqrt(squares)}, not ${length}`);
      // A relu input within rounding of 0 may be either side of it, which changes the gradients before it.
      assert.ok(Math.abs(product - along) < 2e-3 * length, `${name}: ${product}, not ${along}`);
    }
  });
}
