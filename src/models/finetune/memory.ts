import type { FitSize, MemoryPart } from '../memory-parts.ts';
import { positionsOf } from './network/convolution.ts';
import { graphShapes } from './network/layout.ts';
import { type Sides, sidesBehind } from './network/positions.ts';
import { featureCountOf, type TailShape, tailConvolutions } from './network/tail.ts';
import { tileElements } from './network/winograd.ts';
import type { TuneParams } from './options.ts';

/**
 * Arrays of the output's size that a step holds per convolution; a batch of 32 for a ResNet50's layer3 takes 375 MB.
 */
const arraysPerOutput = 4;

/** Memory of fine-tuning besides the rows being read. */
export function tuneNeeds(
  params: TuneParams,
  isAdam: boolean,
  { dims, classes, trainRows, tail }: FitSize,
): MemoryPart[] {
  const batch = Math.min(params.batch, trainRows);
  const maps = { what: 'maps of a step', bytes: 3 * 4 * batch * dims };
  if (tail === undefined) return [maps];
  const weights = [...graphShapes(tail, classes).values()].reduce(
    (sum, shape) => sum + shape.reduce((n, s) => n * s, 1),
    0,
  );
  // Initial, current and best weights, gradients, and the bytes of a checkpoint being written.
  const copies = 4 + (isAdam ? 2 : 1) + (isAdam ? 4 : 3);
  return [
    maps,
    { what: 'weights, gradients and optimizer', bytes: 4 * copies * weights },
    { what: 'a step of the network', bytes: 4 * (batch * numbersOfStep(tail) + tileNumbers(tail)) },
    { what: 'pooled features', bytes: params.lastLayer === 'linear' ? 3 * 4 * trainRows * featureCountOf(tail) : 0 },
  ];
}

/** Numbers per image held between forward and backward pass. */
function numbersOfStep({ mapShape: [channels, height, width], blocks }: TailShape): number {
  let sides: Sides = { height, width };
  let count = channels * positionsOf(sides);
  // Gathered inputs of a convolution live during its product.
  let gathered = 0;
  for (const { main, shortcut } of blocks) {
    for (const conv of main) {
      sides = sidesBehind(sides, conv);
      gathered = Math.max(gathered, conv.kernel === 1 ? 0 : positionsOf(sides) * conv.kernel ** 2 * conv.inChannels);
      count += positionsOf(sides) * arraysPerOutput * conv.outChannels;
    }
    if (shortcut !== undefined) count += positionsOf(sides) * arraysPerOutput * shortcut.outChannels;
  }
  return count + gathered;
}

/** Numbers of the kernels' Winograd transforms, and of the largest one's gradient. */
function tileNumbers({ blocks }: TailShape): number {
  const kernels = tailConvolutions(blocks)
    .filter(({ kernel, stride }) => kernel === 3 && stride === 1)
    .map(({ inChannels, outChannels }) => tileElements * inChannels * outChannels);
  return kernels.reduce((sum, each) => sum + each, 0) + Math.max(0, ...kernels);
}
