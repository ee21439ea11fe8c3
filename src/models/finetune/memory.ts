import type { FitSize, MemoryPart } from '../memory-parts.ts';
import { positionsOf } from './network/convolution.ts';
import { graphShapes } from './network/layout.ts';
import { type Sides, sidesBehind } from './network/positions.ts';
import { type TailShape, tailConvolutions } from './network/tail.ts';
import { tileElements } from './network/winograd.ts';
import type { TuneParams } from './options.ts';

/** Arrays of a map's size that a step holds of each convolution's output; 32 maps of a ResNet50's layer3 take 375 MB. */
const arraysPerOutput = 4;

/** What fine-tuning holds beside the rows that are being read. */
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
  // The network as it was, as it is, its gradients, the best so far; and its bytes while a checkpoint is written.
  const copies = 4 + (isAdam ? 2 : 1) + (isAdam ? 4 : 3);
  return [
    maps,
    { what: 'weights, gradients and optimizer', bytes: 4 * copies * weights },
    { what: 'a step of the network', bytes: 4 * (batch * numbersOfStep(tail) + tileNumbers(tail)) },
    { what: 'pooled features', bytes: params.lastLayer === 'linear' ? 3 * 4 * trainRows * featuresOf(tail) : 0 },
  ];
}

/** Numbers of an image that a step holds between its way forward and back. */
function numbersOfStep({ mapShape: [channels, height, width], blocks }: TailShape): number {
  let sides: Sides = { height, width };
  let count = channels * positionsOf(sides);
  // What a convolution gathers lives while its product is computed.
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

/** Numbers that a step holds of kernels as Winograd's products take them, and of the largest one's gradient. */
function tileNumbers({ blocks }: TailShape): number {
  const kernels = tailConvolutions(blocks)
    .filter(({ kernel, stride }) => kernel === 3 && stride === 1)
    .map(({ inChannels, outChannels }) => tileElements * inChannels * outChannels);
  return kernels.reduce((sum, each) => sum + each, 0) + Math.max(0, ...kernels);
}

function featuresOf(tail: TailShape): number {
  return tail.blocks.at(-1)?.main.at(-1)?.outChannels ?? 0;
}
