/** Takes steps on the device named on the command line. Prints the largest difference from those on the CPU as JSON. */
import type { DeviceName } from '../../../src/features/manifest/manifest.ts';
import { graphTensors } from '../../../src/models/finetune/network/layout.ts';
import { openTrainer } from '../../../src/models/finetune/trainer.ts';
import { drawnTail } from './drawn-tail.ts';
import { relativeError } from './golden.ts';

const [rows, classes, mapShape] = [4, 3, [12, 3, 3]] as const;
const tail = { ...drawnTail(mapShape), blocks: drawnTail(mapShape).blocks.slice(1) };
const wave = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.731));

async function stepsOn(device: DeviceName): Promise<Map<string, Float32Array>> {
  const tensors = graphTensors(tail.blocks, tail.tensors);
  tensors.set('fc.weight', wave(classes * 12)).set('fc.bias', new Float32Array(classes));
  const recipe = { optimizer: 'sgd', momentum: 0.9, weightDecay: 0, batchNorm: 'train', frozenBlocks: 0 } as const;
  const trainer = await openTrainer(tail, tensors, { ...recipe, classes, batch: rows, threads: 1, device });
  const targets = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row++) targets[row * classes + (row % classes)] = 1 / rows;
  const losses: number[] = [];
  for (let step = 1; step <= 3; step++) {
    const maps = wave(rows * 12 * 9).map((value) => Math.max(0, value));
    losses.push(await trainer.step({ maps, targets, rowCount: rows }, step, { head: 0.1, blocks: 0.05 }));
  }
  await trainer.close();
  return tensors.set('losses', Float32Array.from(losses));
}

const expected = await stepsOn('cpu');
const found = await stepsOn(process.argv[2] as DeviceName);
const worst = Math.max(...[...expected].map(([name, end]) => relativeError(found.get(name) ?? end.map(() => 9), end)));
process.stdout.write(`\n${JSON.stringify(worst)}\n`, () => process.exit(0));
