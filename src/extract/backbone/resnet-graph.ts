import { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { valueAt } from '../../system/at.ts';
import { type ConvNorm, planResNet, type ResidualBlock } from '../weights/resnet.ts';
import type { StateDict } from '../weights/state-dict.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import type { Network, Stage } from './network.ts';

/**
 * Builds a ResNet (v1.5, as torchvision's models/resnet.py) from a state dict as an ONNX graph: normalized float32
 * pixels [batch, channels, crop, crop] in, class scores out (or the last feature map if the state dict has no `fc`).
 * Batch norm is folded into the convolutions, in float64.
 */
export function buildResNet(weights: StateDict, crop: number): Network {
  const { architecture } = weights;
  const plan = planResNet(architecture);
  const builder = new GraphBuilder(architecture);
  const stages: Stage[] = [];
  let value = builder.input('pixels', 'float32', ['batch', plan.stem.inChannels, crop, crop]);

  const convolve = (layer: ConvNorm, input: string): string => {
    const folded = foldBatchNorm(layer, weights);
    const { conv, padding } = layer;
    const kernels = builder.initializer(`${conv}.weight`, { type: 'float32', ...folded.kernels });
    const bias = builder.initializer(`${conv}.bias`, { type: 'float32', ...folded.bias });
    const options = { name: conv, outputs: [conv] };
    return builder.node('Conv', [input, kernels, bias], convAttributes(layer, padding), options);
  };
  const relu = (input: string, name: string): string => builder.node('Relu', [input], {}, { name, outputs: [name] });
  const residual = (block: ResidualBlock, input: string): string => {
    let main = input;
    for (const [index, layer] of block.main.entries()) {
      main = convolve(layer, main);
      if (index < block.main.length - 1) main = relu(main, `${block.name}.relu${index + 1}`);
    }
    const shortcut = block.shortcut === undefined ? input : convolve(block.shortcut, input);
    const name = `${block.name}.add`;
    return relu(builder.node('Add', [main, shortcut], {}, { name, outputs: [name] }), block.name);
  };

  value = relu(convolve(plan.stem, value), 'relu');
  const pooling = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
  if (plan.stemPool) value = builder.node('MaxPool', [value], pooling, { name: 'maxpool', outputs: ['maxpool'] });
  stages.push({ name: 'stem', tensor: value });
  for (const layer of plan.layers) {
    for (const block of layer.blocks) value = residual(block, value);
    stages.push({ name: layer.name, tensor: value });
  }
  stages.push({ name: 'avgpool', tensor: value });

  const classCount = addClassifier(builder, value, weights);
  if (classCount === undefined) builder.output(value, 'float32', ['batch', plan.featureCount, 'height', 'width']);
  else {
    builder.output('fc', 'float32', ['batch', classCount]);
    stages.push({ name: 'fc', tensor: 'fc' });
  }
  return {
    architecture,
    model: builder.model(),
    input: { name: 'pixels', form: 'normalized', layout: 'NCHW', crop },
    stages,
    source: weights.source,
  };
}

export function convAttributes(
  { kernel, stride, groups }: ConvNorm,
  padding: number,
): Record<string, number | number[]> {
  return {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    ...(groups === 1 ? {} : { group: groups }),
  };
}

/** Adds the average pool and `fc` after a map, if the state dict has them. @returns the number of classes */
export function addClassifier(builder: GraphBuilder, map: string, { tensors }: StateDict): number | undefined {
  const classifier = tensors.get('fc.weight');
  const offset = tensors.get('fc.bias');
  if (classifier === undefined || offset === undefined) return undefined;
  const pooled = builder.node('GlobalAveragePool', [map], {}, { outputs: ['pooled'] });
  const flat = builder.node('Flatten', [pooled], { axis: 1 }, { outputs: ['flatten'] });
  const matrix = builder.initializer('fc.weight', { type: 'float32', ...classifier });
  const bias = builder.initializer('fc.bias', { type: 'float32', ...offset });
  builder.node('Gemm', [flat, matrix, bias], { transB: 1 }, { outputs: ['fc'] });
  return valueAt(classifier.shape, 0);
}
