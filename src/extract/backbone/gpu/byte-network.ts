import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import type { Network } from '../network.ts';

/** ONNX's number for float32, as Cast takes it (TensorProto.DataType). */
const float32 = 1;
const prefix = 'bytes/';

/**
 * The network with torchvision's normalization as its first nodes: it reads the images' own bytes, uint8
 * [batch, crop, crop, channels]. A GPU then gets a quarter of the bytes, and normalizes faster than the thread that feeds it.
 * The steps are those of `normalizationTable`, each rounded to float32 by itself.
 *
 * @param network one that reads normalized pixels
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
