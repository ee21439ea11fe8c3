import {
  type Architecture,
  batchNormEpsilon,
  isArchitecture,
  neededTensors,
  planResNet,
  type ResidualBlock,
} from '../weights/resnet.ts';
import type { StateDict, WeightTensor } from '../weights/state-dict.ts';

/** The part of a ResNet between a tap and its average pool. */
interface ResNetTail {
  readonly blocks: readonly ResidualBlock[];
  /** Weights of the blocks, and of `fc` if the file has it. */
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  readonly normEpsilon: number;
}

/** The blocks after a tap, which is a layer or a block; undefined if it is not a block's output. */
function blocksBehind(architecture: Architecture, tap: string): readonly ResidualBlock[] | undefined {
  const plan = planResNet(architecture);
  const all = plan.layers.flatMap((layer) => layer.blocks);
  const last = plan.layers.find(({ name }) => name === tap)?.blocks.at(-1)?.name ?? tap;
  const at = all.findIndex(({ name }) => name === last);
  return at < 0 ? undefined : all.slice(at + 1);
}

/** Whether classify --model finetune can train the part of the network after a tap. */
export function isTrainable(architecture: string, tap: string): boolean {
  const blocks = isArchitecture(architecture) ? blocksBehind(architecture, tap) : undefined;
  const convolutions = blocks?.flatMap(({ main }) => main) ?? [];
  return convolutions.length > 0 && convolutions.every(({ groups }) => groups === 1);
}

/**
 * The part of a ResNet after a tap.
 *
 * @param tap a layer (`layer3`), whose last block's output it is, or a block (`layer4.1`)
 * @returns undefined if the tap is not a block's output
 */
export function resNetTail(weights: StateDict, tap: string): ResNetTail | undefined {
  const blocks = blocksBehind(weights.architecture, tap);
  if (blocks === undefined) return undefined;
  const isOfBlocks = (name: string): boolean => blocks.some((block) => name.startsWith(`${block.name}.`));
  const names = [...neededTensors(planResNet(weights.architecture)).keys()].filter(isOfBlocks);
  const tensors = new Map<string, WeightTensor>();
  for (const name of [...names, 'fc.weight', 'fc.bias']) {
    const tensor = weights.tensors.get(name);
    if (tensor !== undefined) tensors.set(name, tensor);
  }
  return { blocks, tensors, normEpsilon: batchNormEpsilon };
}
