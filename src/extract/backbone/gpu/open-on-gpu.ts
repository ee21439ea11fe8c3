import type { Pool, Preprocessing } from '../../../features/manifest/manifest.ts';
import { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import type { Backbone } from '../backbone.ts';
import type { Network } from '../network.ts';
import { type OnnxBackboneOptions, openOnnxBackbone } from '../onnx-backbone.ts';
import { resolveTap } from '../taps.ts';

interface GpuBackboneOptions extends OnnxBackboneOptions {
  /** Pooling of every tap's maps. Only for networks of `buildResNet`. */
  readonly pool?: Pool | undefined;
}

/**
 * As `openOnnxBackbone`, but the GPU also normalizes the images and, if the pool is the mean, averages the feature
 * maps.
 */
export function openOnGpu(network: Network, options: GpuBackboneOptions): Promise<Backbone> {
  const { preprocessing, pool } = options;
  const isBytes = preprocessing.resizeIn === undefined;
  const fed = network.input.form === 'normalized' && isBytes ? readBytes(network, preprocessing) : network;
  const taps = pool === 'mean' ? [options.tap].flat() : [];
  return openOnnxBackbone(taps.reduce(averageMap, fed), options);
}

/** Operators with an output [batch, channels, height, width] in a ResNet's graph. */
const mapOperators: readonly (string | undefined)[] = ['Conv', 'Relu', 'Add', 'MaxPool'];

/**
 * Appends the mean over positions to a tap, which then gives [batch, channels]: a GPU returns 1 number instead of the
 * 49 of a ResNet's last map. Unchanged if the tap is not a feature map.
 *
 * @param network a ResNet of `buildResNet`
 */
export function averageMap(network: Network, tap: string): Network {
  const { graph } = network.model;
  const tensor = resolveTap(network, tap);
  const maker = graph.node.find(({ output }) => output.includes(tensor));
  if (!mapOperators.includes(maker?.opType)) return network;
  const mean = `${tensor}/mean`;
  const stages = [{ name: tap, tensor: mean }, ...network.stages.filter(({ name }) => name !== tap)];
  // Two taps may be the same tensor.
  if (graph.node.some(({ output }) => output.includes(mean))) return { ...network, stages };
  const builder = new GraphBuilder('mean');
  const pooled = builder.node('GlobalAveragePool', [tensor], {}, { outputs: [`${tensor}/pooled`] });
  builder.node('Flatten', [pooled], { axis: 1 }, { outputs: [mean] });
  const node = [...graph.node, ...builder.graph().node];
  return { ...network, model: { ...network.model, graph: { ...graph, node } }, stages };
}

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
