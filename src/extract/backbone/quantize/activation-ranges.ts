import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import type { ConvNorm, ResNetPlan } from '../../weights/resnet.ts';
import type { Agreement } from './agreement.ts';

/** The range of a tensor that its 256 levels cover. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * What a float32 network's activations looked like on sample images: all that a quantized network needs beside weights,
 * and what it belongs to.
 */
export interface ActivationRanges extends Measurements {
  /** A ResNet's, or `onnx`. */
  readonly architecture: string;
  readonly weightsSha256: string;
  readonly preprocessing: Preprocessing;
  /** How close the quantized features of the sample were to float32 ones. */
  readonly agreement: Agreement;
}

/** What was measured on sample images. */
export interface Measurements {
  /** sha256 of the sample images' files, in the order in which they were run. */
  readonly images: readonly string[];
  /** Of the draw. */
  readonly seed: number;
  /** Per quantized tensor. */
  readonly ranges: Readonly<Record<string, Range>>;
  /** Mean per channel of each tensor that convolutions read; the stem's are of the bytes. */
  readonly means: Readonly<Record<string, readonly number[]>>;
}

/** The tensor of the sample images' own bytes, as the stem reads them. */
export const bytesTensor = 'bytes';

/** A tensor whose activations are measured. */
interface ObservedTensor {
  readonly name: string;
  /** Behind a relu: never below zero. */
  readonly rectified: boolean;
}

/** The tensors that a quantized network holds as bytes, in the order of the network. */
export function observedTensors(plan: ResNetPlan): readonly ObservedTensor[] {
  const blocks = plan.layers.flatMap((layer) => layer.blocks);
  return [
    { name: 'relu', rectified: true },
    ...blocks.flatMap((block) => [
      ...block.main.map((layer, index) =>
        index < block.main.length - 1
          ? { name: `${block.name}.relu${index + 1}`, rectified: true }
          : { name: layer.conv, rectified: false },
      ),
      ...(block.shortcut === undefined ? [] : [{ name: block.shortcut.conv, rectified: false }]),
      { name: block.name, rectified: true },
    ]),
  ];
}

/** A convolution and the tensor that it reads. */
interface ConvInput {
  readonly layer: ConvNorm;
  readonly input: string;
}

/** Which tensor each convolution reads. The max pool's output has the stem's name here: it is the same range. */
export function convInputs(plan: ResNetPlan): readonly ConvInput[] {
  const pairs: ConvInput[] = [{ layer: plan.stem, input: bytesTensor }];
  let input = plan.stemPool ? 'maxpool' : 'relu';
  for (const block of plan.layers.flatMap((layer) => layer.blocks)) {
    let inner = input;
    for (const [index, layer] of block.main.entries()) {
      pairs.push({ layer, input: inner });
      inner = `${block.name}.relu${index + 1}`;
    }
    if (block.shortcut !== undefined) pairs.push({ layer: block.shortcut, input });
    input = block.name;
  }
  return pairs;
}
