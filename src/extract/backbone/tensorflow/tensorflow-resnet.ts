import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import { valueAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import { type ConvNorm, convolutions, planResNet, type ResidualBlock } from '../../weights/resnet.ts';
import type { StateDict } from '../../weights/state-dict.ts';
import { foldBatchNorm } from '../fold-batch-norm.ts';
import { toChannelsLast } from './channels-last.kernel.ts';
import type { TensorFlow } from './load-tensorflow.ts';

/**
 * The network of `buildResNet` as TensorFlow.js layers: normalized float32 pixels [batch, crop, crop, 3] in. Layers are
 * named like the corresponding tensors of the ONNX graph; `avgpool` is the pooling layer itself. `dispose()` it.
 */
export function buildTensorFlowResNet(tf: TensorFlow, weights: StateDict, crop: number): LayersModel {
  const plan = planResNet(weights.architecture);
  const grouped = convolutions(plan).find(({ groups }) => groups > 1);
  if (grouped !== undefined)
    throw new UserError({
      what: `TensorFlow.js has no grouped convolution, and ${weights.architecture} needs one`,
      where: weights.source,
      found: `${grouped.conv}: ${grouped.groups} groups`,
      fix: '--engine onnx runs it',
    });

  const padded = (input: SymbolicTensor, padding: number): SymbolicTensor =>
    through(
      tf.layers.zeroPadding2d({
        padding: [
          [padding, padding],
          [padding, padding],
        ],
        dataFormat: 'channelsLast',
      }),
      input,
    );
  const convolve = (layer: ConvNorm, input: SymbolicTensor): SymbolicTensor => {
    const { conv, inChannels, outChannels, kernel, stride, padding } = layer;
    // TensorFlow's 'same' padding is asymmetric at stride 2; PyTorch's is symmetric.
    const same = stride === 1 || padding === 0;
    const convolution = tf.layers.conv2d({
      name: conv,
      filters: outChannels,
      kernelSize: kernel,
      strides: stride,
      padding: same && padding > 0 ? 'same' : 'valid',
      kernelInitializer: 'zeros',
    });
    const output = through(convolution, same ? input : padded(input, padding));
    const { kernels, bias } = foldBatchNorm(layer, weights);
    const kernelsHWIO = toChannelsLast(kernels.data, outChannels, inChannels, kernel * kernel);
    tf.tidy(() => {
      const kernelTensor = tf.tensor4d(kernelsHWIO, [kernel, kernel, inChannels, outChannels]);
      convolution.setWeights([kernelTensor, tf.tensor1d(bias.data)]);
    });
    return output;
  };
  const relu = (name: string, input: SymbolicTensor): SymbolicTensor => through(tf.layers.reLU({ name }), input);
  const residual = (block: ResidualBlock, input: SymbolicTensor): SymbolicTensor => {
    let main = input;
    for (const [index, layer] of block.main.entries()) {
      main = convolve(layer, main);
      if (index < block.main.length - 1) main = relu(`${block.name}.relu${index + 1}`, main);
    }
    const shortcut = block.shortcut === undefined ? input : convolve(block.shortcut, input);
    const sum = tf.layers.add({ name: `${block.name}.add` }).apply([main, shortcut]) as SymbolicTensor;
    return relu(block.name, sum);
  };

  const pixels = tf.input({ shape: [crop, crop, 3], name: 'pixels' });
  let value = relu('relu', convolve(plan.stem, pixels));
  // After a relu, zero padding does not affect the maximum.
  if (plan.stemPool)
    value = through(
      tf.layers.maxPooling2d({ name: 'maxpool', poolSize: 3, strides: 2, padding: 'valid' }),
      padded(value, 1),
    );
  for (const layer of plan.layers) for (const block of layer.blocks) value = residual(block, value);
  value = through(tf.layers.globalAveragePooling2d({ name: 'avgpool' }), value);
  value = through(tf.layers.reshape({ name: 'pooled', targetShape: [1, 1, plan.featureCount] }), value);
  value = through(tf.layers.flatten({ name: 'flatten' }), value);
  const matrix = weights.tensors.get('fc.weight');
  const bias = weights.tensors.get('fc.bias');
  if (matrix !== undefined && bias !== undefined) {
    const units = valueAt(matrix.shape, 0);
    const classifier = tf.layers.dense({ name: 'fc', units, kernelInitializer: 'zeros' });
    value = through(classifier, value);
    tf.tidy(() => {
      const rows = tf.tensor2d(matrix.data, [units, plan.featureCount]);
      classifier.setWeights([tf.transpose(rows), tf.tensor1d(bias.data)]);
    });
  }
  return tf.model({ inputs: pixels, outputs: value, name: weights.architecture });
}

function through(layer: { apply(input: SymbolicTensor): unknown }, input: SymbolicTensor): SymbolicTensor {
  return layer.apply(input) as SymbolicTensor;
}
