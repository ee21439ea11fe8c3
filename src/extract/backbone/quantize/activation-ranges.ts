import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import type { ConvNorm, ResNetPlan } from '../../weights/resnet.ts';
import type { Agreement } from './agreement.ts';

/** The range of a tensor that its 256 levels cover. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * Statistics of a float32 network's activations on sample images: all that quantization needs besides the weights, and
 * the network they belong to.
 */
export interface ActivationRanges extends Measurements {
  /** A ResNet's, or `onnx`. */
  readonly architecture: string;
  readonly weightsSha256: string;
  readonly preprocessing: Preprocessing;
  readonly agreement: Agreement;
}

/** What was measured on sample images. */
export interface Measurements {
  /** sha256 of the sample images' files, in the order in which they were run. */
  readonly images: readonly string[];
  readonly seed: number;
  readonly ranges: Readonly<Record<string, Range>>;
  /** Mean per channel of each tensor that convolutions read; for the stem, of the image bytes. */
  readonly means: Readonly<Record<string, readonly number[]>>;
}

/** Name of the input tensor: the image bytes that the stem reads. */
export const bytesTensor = 'bytes';

interface ObservedTensor {
  readonly name: string;
  /** Output of a ReLU: never negative. */
  readonly rectified: boolean;
}

/** The tensors that a quantized network stores as bytes, in network order. */
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

interface ConvInput {
  readonly layer: ConvNorm;
  readonly input: string;
}

/**
 * Which tensor each convolution reads. The max pool's output uses the stem's name here because it has the same range.
 */
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
