import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import { lastOf, lookUp, valueAt } from '../../../system/at.ts';
import { type ConvNorm, planResNet, type ResidualBlock } from '../../weights/resnet.ts';
import type { StateDict } from '../../weights/state-dict.ts';
import { type FoldedConv, foldBatchNorm } from '../fold-batch-norm.ts';
import type { Network, Stage } from '../network.ts';
import { bytesTensor, convInputs, type Measurements, type Range } from './activation-ranges.ts';
import { meanShift, quantizeKernels } from './quantize-weights.kernel.ts';

/** A tensor stored as bytes: real value = (byte - zeroPoint) * scale. */
interface Quantized {
  readonly tensor: string;
  readonly scale: string;
  readonly zeroPoint: string;
  readonly scaleValue: number;
}

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

  const parameters = (name: string, range: Range): Pick<Quantized, 'scale' | 'zeroPoint' | 'scaleValue'> => {
    const scaleValue = Math.fround((range.high - range.low) / 255);
    const zero = Math.round(-range.low / scaleValue);
    return {
      scale: builder.initializer(`${name}.scale`, { type: 'float32', shape: [], data: new Float32Array([scaleValue]) }),
      zeroPoint: builder.initializer(`${name}.zero`, { type: 'uint8', shape: [], data: new Uint8Array([zero]) }),
      scaleValue,
    };
  };
  const quantize = (value: string, name: string, like?: Quantized): Quantized => {
    const held = like ?? parameters(name, lookUp(ranges, name));
    const tensor = builder.node(
      'QuantizeLinear',
      [value, held.scale, held.zeroPoint],
      {},
      { outputs: [`${name}.bytes`] },
    );
    return { ...held, tensor };
  };
  const dequantize = (value: Quantized, name?: string): string =>
    builder.node(
      'DequantizeLinear',
      [value.tensor, value.scale, value.zeroPoint],
      {},
      { outputs: name === undefined ? undefined : [name] },
    );
  /** The tensor's float32 values under its own name, for taps; pruned if no tap reads it. */
  const offer = (value: Quantized, name: string): Quantized => {
    dequantize(value, name);
    return value;
  };
  const convolve = (layer: ConvNorm, input: Quantized): string => {
    const { conv, kernel, stride, padding, groups } = layer;
    const isStem = layer === plan.stem;
    const folded = isStem
      ? foldNormalization(foldBatchNorm(layer, weights), preprocessing, stemZeroPoint)
      : foldBatchNorm(layer, weights);
    const quantized = quantizeKernels(
      folded.kernels.data,
      layer.outChannels,
      layer.inChannels / groups,
      kernel * kernel,
    );
    const inputMeans = lookUp(meansOf, lookUp(inputs, conv));
    const means = isStem ? inputMeans.map((mean) => (mean - stemZeroPoint) / 255) : inputMeans;
    const shift = meanShift(folded.kernels.data, quantized, means, kernel * kernel, groups);
    const biasScales = quantized.scales.map((scale) => scale * input.scaleValue);
    const bias = Int32Array.from(folded.bias.data, (value, channel) =>
      Math.round((value - valueAt(shift, channel)) / valueAt(biasScales, channel)),
    );
    const perChannel = { shape: [layer.outChannels] };
    const kernels = builder.node(
      'DequantizeLinear',
      [
        builder.initializer(`${conv}.weight`, { type: 'int8', shape: folded.kernels.shape, data: quantized.values }),
        builder.initializer(`${conv}.weight.scale`, { type: 'float32', ...perChannel, data: quantized.scales }),
        builder.initializer(`${conv}.weight.zero`, {
          type: 'int8',
          ...perChannel,
          data: new Int8Array(layer.outChannels),
        }),
      ],
      { axis: 0 },
    );
    const offset = builder.node(
      'DequantizeLinear',
      [
        builder.initializer(`${conv}.bias`, { type: 'int32', ...perChannel, data: bias }),
        builder.initializer(`${conv}.bias.scale`, { type: 'float32', ...perChannel, data: biasScales }),
        builder.initializer(`${conv}.bias.zero`, {
          type: 'int32',
          ...perChannel,
          data: new Int32Array(layer.outChannels),
        }),
      ],
      { axis: 0 },
    );
    // The stem's padding is in its input already: a convolution pads with zero, which is not the mean colour's byte.
    const pad = isStem ? 0 : padding;
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      ...(groups === 1 ? {} : { group: groups }),
    };
    return builder.node('Conv', [dequantize(input), kernels, offset], attributes, { name: conv });
  };
  const relu = (value: string): string => builder.node('Relu', [value]);
  const residual = (block: ResidualBlock, input: Quantized): Quantized => {
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
  const image: Quantized = { ...parameters(bytesTensor, stemRange), tensor: planes };
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
  const classifier = weights.tensors.get('fc.weight');
  const offset = weights.tensors.get('fc.bias');
  if (classifier !== undefined && offset !== undefined) {
    const pooled = builder.node('GlobalAveragePool', [last], {}, { outputs: ['pooled'] });
    const flat = builder.node('Flatten', [pooled], { axis: 1 }, { outputs: ['flatten'] });
    const matrix = builder.initializer('fc.weight', { type: 'float32', ...classifier });
    const bias = builder.initializer('fc.bias', { type: 'float32', ...offset });
    builder.node('Gemm', [flat, matrix, bias], { transB: 1 }, { outputs: ['fc'] });
    stages.push({ name: 'fc', tensor: 'fc' });
  }
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
