import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import { lastOf, lookUp, valueAt } from '../../../system/at.ts';
import { type ConvNorm, planResNet, type ResidualBlock } from '../../weights/resnet.ts';
import type { StateDict } from '../../weights/state-dict.ts';
import { type FoldedConv, foldBatchNorm } from '../fold-batch-norm.ts';
import type { Network, Stage } from '../network.ts';
import { addClassifier, convAttributes } from '../resnet-graph.ts';
import { bytesTensor, convInputs, type Measurements } from './activation-ranges.ts';
import { type Bytes, byteLevels } from './byte-levels.ts';
import { meanShift, quantizeKernels } from './quantize-weights.kernel.ts';

/**
 * Builds a ResNet as a statically quantized ONNX graph in QDQ form: image bytes [batch, crop + 2p, crop + 2p, 3] in,
 * padded with the mean colour (p is the stem's padding), float32 taps out. Weights are symmetric int8 per output
 * channel, activations uint8 per tensor, biases int32; the normalization is folded into the stem's weights. ONNX
 * Runtime's optimizer turns the patterns into QLinearConv and QLinearAdd.
 *
 * Quantize and dequantize follow each ReLU and pool and precede each sum; there are none between a convolution or a sum
 * and its ReLU. Each consumer has its own dequantize, as the optimizer's patterns require.
 */
export function buildInt8ResNet(weights: StateDict, preprocessing: Preprocessing, measured: Measurements): Network {
  const [ranges, meansOf] = [new Map(Object.entries(measured.ranges)), new Map(Object.entries(measured.means))];
  const { architecture } = weights;
  const { crop } = preprocessing;
  const plan = planResNet(architecture);
  const builder = new GraphBuilder(`${architecture}-int8`);
  const inputs = new Map(convInputs(plan).map(({ layer, input }) => [layer.conv, input]));
  const stages: Stage[] = [];

  const quantize = (value: string, name: string, like?: Bytes): Bytes => {
    const held = like ?? byteLevels(builder, name, lookUp(ranges, name));
    const outputs = [`${name}.bytes`];
    return { ...held, tensor: builder.node('QuantizeLinear', [value, held.scale, held.zero], {}, { outputs }) };
  };
  const dequantize = ({ tensor, scale, zero }: Bytes, name?: string): string => {
    const outputs = name === undefined ? undefined : [name];
    return builder.node('DequantizeLinear', [tensor, scale, zero], {}, { outputs });
  };
  /** The tensor's float32 values under its own name, for taps; pruned if no tap reads it. */
  const offer = (value: Bytes, name: string): Bytes => {
    dequantize(value, name);
    return value;
  };
  const convolve = (layer: ConvNorm, input: Bytes): string => {
    const { conv, kernel, padding, groups, outChannels } = layer;
    const isStem = layer === plan.stem;
    const plain = foldBatchNorm(layer, weights);
    const folded = isStem ? foldNormalization(plain, preprocessing, stemZeroPoint) : plain;
    const quantized = quantizeKernels(folded.kernels.data, outChannels, layer.inChannels / groups, kernel * kernel);
    const inputMeans = lookUp(meansOf, lookUp(inputs, conv));
    const means = isStem ? inputMeans.map((mean) => (mean - stemZeroPoint) / 255) : inputMeans;
    const shift = meanShift(folded.kernels.data, quantized, means, kernel * kernel, groups);
    const biasScales = quantized.scales.map((scale) => scale * input.scaleValue);
    const bias = Int32Array.from(folded.bias.data, (value, channel) =>
      Math.round((value - valueAt(shift, channel)) / valueAt(biasScales, channel)),
    );
    const kernels = [
      builder.constant(`${conv}.weight`, quantized.values, folded.kernels.shape),
      builder.constant(`${conv}.weight.scale`, quantized.scales),
      builder.constant(`${conv}.weight.zero`, new Int8Array(outChannels)),
    ];
    const offset = [
      builder.constant(`${conv}.bias`, bias),
      builder.constant(`${conv}.bias.scale`, biasScales),
      builder.constant(`${conv}.bias.zero`, new Int32Array(outChannels)),
    ];
    const constants = [kernels, offset].map((inputs) => builder.node('DequantizeLinear', inputs, { axis: 0 }));
    // The stem's padding is in its input already: a convolution pads with zero, which is not the mean colour's byte.
    const attributes = convAttributes(layer, isStem ? 0 : padding);
    return builder.node('Conv', [dequantize(input), ...constants], attributes, { name: conv });
  };
  const relu = (value: string): string => builder.node('Relu', [value]);
  const residual = (block: ResidualBlock, input: Bytes): Bytes => {
    let main = input;
    for (const [index, layer] of block.main.entries()) {
      const last = index === block.main.length - 1;
      const name = last ? layer.conv : `${block.name}.relu${index + 1}`;
      const value = convolve(layer, main);
      main = quantize(last ? value : relu(value), name);
      if (!last) offer(main, name);
    }
    const { shortcut } = block;
    const beside = shortcut === undefined ? input : quantize(convolve(shortcut, input), shortcut.conv);
    const sum = builder.node('Add', [dequantize(main), dequantize(beside)], {}, { name: `${block.name}.add` });
    return offer(quantize(relu(sum), block.name), block.name);
  };

  const padded = crop + 2 * plan.stem.padding;
  const bytes = builder.input('bytes', 'uint8', ['batch', padded, padded, 3]);
  const planes = builder.node('Transpose', [bytes], { perm: [0, 3, 1, 2] });
  const stemRange = { low: -stemZeroPoint / 255, high: (255 - stemZeroPoint) / 255 };
  const image: Bytes = { ...byteLevels(builder, bytesTensor, stemRange), tensor: planes };
  const stem = offer(quantize(relu(convolve(plan.stem, image)), 'relu'), 'relu');
  const pooling = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
  // The pool keeps the levels of its input: a maximum of bytes needs no arithmetic.
  let value = plan.stemPool
    ? offer(quantize(builder.node('MaxPool', [dequantize(stem)], pooling), 'maxpool', stem), 'maxpool')
    : stem;
  stages.push({ name: 'stem', tensor: plan.stemPool ? 'maxpool' : 'relu' });
  for (const layer of plan.layers) {
    for (const block of layer.blocks) value = residual(block, value);
    stages.push({ name: layer.name, tensor: lastOf(layer.blocks).name });
  }
  const last = lastOf(stages).tensor;
  stages.push({ name: 'avgpool', tensor: last });
  if (addClassifier(builder, last, weights) !== undefined) stages.push({ name: 'fc', tensor: 'fc' });
  return {
    architecture,
    model: builder.model(),
    input: { name: bytes, form: 'bytes', layout: 'NHWC', padding: plan.stem.padding, crop },
    stages,
    source: weights.source,
  };
}

/** The stem's zero point: near the mean colour, so that rounded weights multiply small numbers. */
const stemZeroPoint = 114;

/**
 * Folds torchvision's normalization into the first convolution: for the input (byte - zeroPoint) / 255 it then returns
 * what it returned for (byte / 255 - mean) / std.
 */
function foldNormalization(conv: FoldedConv, preprocessing: Preprocessing, zeroPoint: number): FoldedConv {
  const { shape, data } = conv.kernels;
  const [outChannels, inChannels, height, width] = shape as [number, number, number, number];
  const taps = height * width;
  const kernels = new Float32Array(data.length);
  const bias = new Float32Array(outChannels);
  for (let channel = 0, at = 0; channel < outChannels; channel++) {
    let shift = 0;
    for (let input = 0; input < inChannels; input++) {
      const std = valueAt(preprocessing.std, input);
      const offset = (valueAt(preprocessing.mean, input) - zeroPoint / 255) / std;
      for (let tap = 0; tap < taps; tap++, at++) {
        const weight = valueAt(data, at);
        kernels[at] = weight / std;
        shift += weight * offset;
      }
    }
    bias[channel] = valueAt(conv.bias.data, channel) - shift;
  }
  return { kernels: { shape, data: kernels }, bias: { shape: [outChannels], data: bias } };
}
