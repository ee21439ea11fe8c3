import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import type { Network } from '../network.ts';

/** ONNX's number for float32, for Cast (TensorProto.DataType). */
const float32 = 1;
const prefix = 'bytes/';

/**
 * Prepends torchvision's normalization to the network, whose input becomes the images' bytes, uint8 [batch, crop, crop,
 * channels]. A GPU then receives a quarter of the bytes, and normalizes faster than the CPU thread. The steps and their
 * rounding are those of `normalizationTable`.
 *
 * @param network whose input is normalized pixels
 */
export function readBytes(network: Network, preprocessing: Preprocessing): Network {
  const { model, input } = network;
  const { graph } = model;
  const builder = new GraphBuilder(graph.name ?? 'network');
  const perChannel = (name: string, data: Float32Array): string =>
    builder.initializer(`${prefix}${name}`, { type: 'float32', shape: [1, 1, 1, data.length], data });
  const step = (op: string, inputs: readonly string[], attributes = {}): string =>
    builder.node(op, inputs, attributes, { outputs: [`${prefix}${op}`] });
  const { crop } = preprocessing;
  let value = builder.input(`${prefix}pixels`, 'uint8', ['batch', crop, crop, preprocessing.mean.length]);
  value = step('Cast', [value], { to: float32 });
  value = step('Div', [value, perChannel('largest', Float32Array.of(255))]);
  value = step('Sub', [value, perChannel('mean', Float32Array.from(preprocessing.mean))]);
  const last = input.layout === 'NCHW' ? { outputs: [`${prefix}normalized`] } : { outputs: [input.name] };
  value = builder.node('Div', [value, perChannel('std', Float32Array.from(preprocessing.std))], {}, last);
  if (input.layout === 'NCHW') builder.node('Transpose', [value], { perm: [0, 3, 1, 2] }, { outputs: [input.name] });
  const front = builder.graph();
  return {
    ...network,
    model: {
      ...model,
      graph: {
        ...graph,
        node: [...front.node, ...graph.node],
        initializer: [...graph.initializer, ...front.initializer],
        input: [...front.input, ...graph.input.filter(({ name }) => name !== input.name)],
      },
    },
    input: { ...input, name: `${prefix}pixels`, form: 'bytes', layout: 'NHWC' },
  };
}
