import { lastOf } from '../../system/at.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { nearestName } from '../../system/nearest.ts';
import { quoteArgument } from '../../system/own-command.ts';
import { type Architecture, type ConvNorm, planResNet } from '../weights/resnet.ts';
import type { Tap } from './backbone.ts';

/** torchvision's crop; the default if neither user nor graph sets one. */
export const defaultCrop = 224;

interface ResNetTaps {
  readonly stages: readonly Tap[];
  /** All tensors under their own names, in the order of the graph that `buildResNet` makes. */
  readonly tensors: readonly Tap[];
}

/**
 * Every tensor of a ResNet that can be tapped, from its architecture alone.
 *
 * @param classCount outputs of `fc`; undefined if the weights have none
 */
export function resnetTaps(architecture: Architecture, crop: number, classCount: number | undefined): ResNetTaps {
  const plan = planResNet(architecture);
  const stages: Tap[] = [];
  const tensors: Tap[] = [];
  const add = (name: string, shape: readonly number[]): void => void tensors.push({ name, tensor: name, shape });
  const closeStage = (name: string): void => {
    const { tensor, shape } = lastOf(tensors);
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
      const { outChannels } = lastOf(main);
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

/**
 * As `resolveTap`, from a ResNet's architecture alone, so that an unknown tap is refused before any download.
 *
 * @param classCount outputs of `fc`; undefined if the weights have none
 * @param weights what `taps` lists them of
 */
export function checkResNetTap(
  architecture: Architecture,
  classCount: number | undefined,
  name: string,
  weights: string,
): void {
  const { stages, tensors } = resnetTaps(architecture, defaultCrop, classCount);
  if ([...stages, ...tensors].some((tap) => tap.name === name)) return;
  throw noSuchTap(
    name,
    stages.map((tap) => tap.name),
    tensors.map((tap) => tap.name),
    weights,
  );
}

/** @param weights what `taps` lists them of */
export function noSuchTap(
  name: string,
  stages: readonly string[],
  tensors: readonly string[],
  weights: string,
): UserError {
  const near = tensors.filter((tensor) => tensor.startsWith(name) || tensor.includes(name)).slice(0, 5);
  const expected = [...stages, ...near, 'or another tensor of the graph'].join(', ');
  const stage = nearestName(name, stages);
  // For `layer5`, four stages are equally near.
  const isOnlyOne = stage === undefined || nearestName(name, [...stages].reverse()) === stage;
  const instead = isOnlyOne ? (stage ?? nearestName(name, tensors)) : undefined;
  if (instead !== undefined) {
    return new UserError({ what: '--tap is not usable', found: name, expected, exitCode: 2, instead });
  }
  const list = `featuretap taps --weights ${quoteArgument(weights)} lists all ${tensors.length} tensors`;
  return usageError('--tap', name, expected, list);
}
