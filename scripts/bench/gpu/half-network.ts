import type { Network } from '../../../src/extract/backbone/network.ts';
import { pruneTo } from '../../../src/extract/backbone/prune.ts';
import { toFloat16 } from '../../../src/formats/half.kernel.ts';
import { GraphBuilder } from '../../../src/formats/onnx/graph-builder.ts';
import type { OnnxTensor } from '../../../src/formats/onnx/schema.ts';
import { decodeTensor, encodeTensor } from '../../../src/formats/onnx/tensor.ts';

/** Numbers of float32 and float16 in ONNX (TensorProto.DataType), for Cast. */
const float32 = 1;
const float16 = 10;

/** Name of the float32 copy of a tensor of the float16 network. */
export function widened(tensor: string): string {
  return `${tensor}/float32`;
}

/**
 * A network of `buildResNet` up to one tensor, with weights and products in float16: from normalized float32 pixels to
 * `widened(tensor)` in float32.
 */
export function halve(network: Network, tensor: string): Network {
  const { input } = network;
  const model = pruneTo(network.model, [tensor]);
  const { graph } = model;
  const half = `${input.name}/float16`;
  const casts = new GraphBuilder('casts');
  casts.node('Cast', [input.name], { to: float16 }, { outputs: [half] });
  casts.node('Cast', [tensor], { to: float32 }, { outputs: [widened(tensor)] });
  const [first, last] = casts.graph().node;
  if (first === undefined || last === undefined) throw new Error('two casts must give two nodes');
  const nodes = graph.node.map((node) => ({
    ...node,
    input: node.input.map((name) => (name === input.name ? half : name)),
  }));
  return {
    ...network,
    model: {
      ...model,
      graph: {
        ...graph,
        node: [first, ...nodes, last],
        initializer: graph.initializer.map(toHalf),
        output: [{ name: widened(tensor) }],
        valueInfo: [],
      },
    },
    stages: [{ name: widened(tensor), tensor: widened(tensor) }],
  };
}

function toHalf(tensor: OnnxTensor): OnnxTensor {
  const value = decodeTensor(tensor);
  if (value.type !== 'float32') return tensor;
  return encodeTensor(tensor.name ?? '', { type: 'float16', shape: value.shape, data: toFloat16(value.data) });
}
