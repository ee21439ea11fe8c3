import { type Architecture, type ConvNorm, planResNet } from '../weights/resnet.ts';
import type { Tap } from './backbone.ts';

export interface ResNetTaps {
  readonly stages: readonly Tap[];
  /** All tensors under their own names, in the order of the graph that `buildResNet` makes. */
  readonly tensors: readonly Tap[];
}

/**
 * Every tensor of a ResNet that can be tapped, from its architecture alone.
 *
 * @param crop side of the square input, in pixels
 * @param classCount outputs of `fc`; undefined where the weights have none
 */
export function resnetTaps(architecture: Architecture, crop: number, classCount: number | undefined): ResNetTaps {
  const plan = planResNet(architecture);
  const stages: Tap[] = [];
  const tensors: Tap[] = [];
  const add = (name: string, shape: readonly number[]): void => void tensors.push({ name, tensor: name, shape });
  const closeStage = (name: string): void => {
    const { tensor, shape } = tensors.at(-1) as Tap;
    stages.push({ name, tensor, shape });
  };
  const convolve = ({ conv, outChannels, kernel, stride, padding }: ConvNorm, side: number): number => {
    const out = outputSide(side, kernel, stride, padding);
    add(conv, [outChannels, out, out]);
    return out;
  };

  let side = convolve(plan.stem, crop);
  add('relu', [plan.stem.outChannels, side, side]);
  if (plan.stemPool) {
    side = outputSide(side, 3, 2, 1);
    add('maxpool', [plan.stem.outChannels, side, side]);
  }
  closeStage('stem');
  for (const layer of plan.layers) {
    for (const { name, main, shortcut } of layer.blocks) {
      let inner = side;
      for (const [index, convolution] of main.entries()) {
        inner = convolve(convolution, inner);
        if (index < main.length - 1) add(`${name}.relu${index + 1}`, [convolution.outChannels, inner, inner]);
      }
      if (shortcut !== undefined) convolve(shortcut, side);
      side = inner;
      const { outChannels } = main.at(-1) as ConvNorm;
      for (const tensor of [`${name}.add`, name]) add(tensor, [outChannels, side, side]);
    }
    closeStage(layer.name);
  }
  closeStage('avgpool');
  if (classCount !== undefined) {
    add('pooled', [plan.featureCount, 1, 1]);
    add('flatten', [plan.featureCount]);
    add('fc', [classCount]);
    closeStage('fc');
  }
  return { stages, tensors };
}

function outputSide(side: number, kernel: number, stride: number, padding: number): number {
  return Math.floor((side + 2 * padding - kernel) / stride) + 1;
}
