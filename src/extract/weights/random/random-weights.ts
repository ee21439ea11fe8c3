import { createHash } from 'node:crypto';
import { encodeSafetensors } from '../../../formats/safetensors.ts';
import {
  type Architecture,
  batchNormEpsilon,
  type ConvNorm,
  convolutions,
  planResNet,
  type ResNetPlan,
} from '../resnet.ts';
import type { StateDict, WeightTensor } from '../state-dict.ts';
import { drawPictures, fillBell, seedGenerator } from './draw.kernel.ts';
import {
  add,
  channelStatistics,
  maxPool3x3,
  multiply,
  multiplyGroups,
  neighbourhoods,
  normalize,
  relu,
} from './forward.kernel.ts';

/** Pictures whose activations give the batch norm statistics, and their side: ResNet50 takes about 2 s over them. */
const pictureCount = 2;
const pictureSide = 128;

/** ImageNet channel means and deviations, RGB on [0, 1]; torchvision's recipe. */
const imageMean = [0.485, 0.456, 0.406];
const imageDeviation = [0.229, 0.224, 0.225];

/** Outputs of `fc`: ImageNet's count, as in torchvision's own weights; a tiny network gets ten. */
export function classCountOf(architecture: Architecture): number {
  return architecture === 'resnet-tiny' ? 10 : 1000;
}

/**
 * Weights of a network that never saw a photo, the same bits on every machine for the same seed.
 *
 * Kernels: He et al. 2015 (https://arxiv.org/abs/1502.01852), deviation sqrt(2 / (outChannels * kernel^2)) as
 * torchvision's `kaiming_normal_(mode='fan_out')`, drawn from a bell-shaped sum of uniforms. Batch norm: weight 1, bias
 * 0, and the mean and variance of each channel over a batch of drawn pictures, so that activations keep their scale
 * through all layers.
 */
export function randomWeights(architecture: Architecture, seed: number): StateDict {
  const plan = planResNet(architecture);
  const classCount = classCountOf(architecture);
  const generator = seedGenerator(seed);
  const tensors = new Map<string, WeightTensor>();
  for (const { conv, norm, inChannels, outChannels, kernel, groups } of convolutions(plan)) {
    const inPerGroup = inChannels / groups;
    const data = new Float32Array(outChannels * inPerGroup * kernel * kernel);
    fillBell(data, generator, Math.sqrt(2 / ((outChannels / groups) * kernel * kernel)));
    tensors.set(`${conv}.weight`, { shape: [outChannels, inPerGroup, kernel, kernel], data });
    tensors.set(`${norm}.weight`, { shape: [outChannels], data: new Float32Array(outChannels).fill(1) });
    tensors.set(`${norm}.bias`, { shape: [outChannels], data: new Float32Array(outChannels) });
  }
  const fc = new Float32Array(classCount * plan.featureCount);
  fillBell(fc, generator, Math.sqrt(1 / plan.featureCount));
  tensors.set('fc.weight', { shape: [classCount, plan.featureCount], data: fc });
  tensors.set('fc.bias', { shape: [classCount], data: new Float32Array(classCount) });
  measureStatistics(plan, tensors, drawPictures(pictureCount, pictureSide, generator));
  return {
    architecture,
    classCount,
    tensors,
    source: randomSource(architecture, seed),
    sha256: createHash('sha256')
      .update(encodeSafetensors(Object.fromEntries(tensors)))
      .digest('hex'),
  };
}

/** What a state dict of random weights calls its origin. */
export function randomSource(architecture: Architecture, seed: number): string {
  return `random (${architecture}, seed ${seed})`;
}

interface Activations {
  readonly side: number;
  readonly channels: number;
  /** [pictures, side, side, channels] */
  readonly values: Float32Array;
}

/** Runs the pictures through the network and sets each batch norm's statistics on the way. */
function measureStatistics(plan: ResNetPlan, tensors: Map<string, WeightTensor>, pictures: Float32Array): void {
  for (let i = 0; i < pictures.length; i++)
    pictures[i] = ((pictures[i] ?? 0) - (imageMean[i % 3] ?? 0)) / (imageDeviation[i % 3] ?? 1);
  const stem = convolve(plan.stem, { side: pictureSide, channels: 3, values: pictures }, tensors);
  relu(stem.values);
  let current = stem;
  if (plan.stemPool) {
    const pooled = maxPool3x3(stem.values, pictureCount, stem.side, stem.channels);
    current = { side: stem.side / 2, channels: stem.channels, values: pooled };
  }
  for (const block of plan.layers.flatMap((layer) => layer.blocks)) {
    let main = current;
    for (const [index, convolution] of block.main.entries()) {
      if (index > 0) relu(main.values);
      main = convolve(convolution, main, tensors);
    }
    const shortcut = block.shortcut === undefined ? current : convolve(block.shortcut, current, tensors);
    add(main.values, shortcut.values);
    relu(main.values);
    current = main;
  }
}

function convolve(layer: ConvNorm, input: Activations, tensors: Map<string, WeightTensor>): Activations {
  const { kernel, stride, padding, inChannels, outChannels, groups } = layer;
  const side = (input.side + 2 * padding - kernel) / stride + 1;
  const outSide = Math.floor(side);
  const rows =
    kernel === 1 && stride === 1
      ? input.values
      : neighbourhoods(input.values, pictureCount, input.side, inChannels, kernel, stride, padding, outSide);
  const kernels = tensors.get(`${layer.conv}.weight`)?.data ?? new Float32Array();
  const length = inChannels * kernel * kernel;
  const rowCount = pictureCount * outSide * outSide;
  const values =
    groups === 1
      ? multiply(rows, kernels, rowCount, outChannels, length)
      : multiplyGroups(rows, kernels, rowCount, outChannels, length, groups);
  const { mean, variance } = channelStatistics(values, outChannels);
  tensors.set(`${layer.norm}.running_mean`, { shape: [outChannels], data: mean });
  tensors.set(`${layer.norm}.running_var`, { shape: [outChannels], data: variance });
  normalize(values, mean, variance, batchNormEpsilon);
  return { side: outSide, channels: outChannels, values };
}
