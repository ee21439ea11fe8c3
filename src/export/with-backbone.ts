import type { Network, NetworkInput } from '../extract/backbone/network.ts';
import { pruneTo } from '../extract/backbone/prune.ts';
import { resolveTap } from '../extract/backbone/taps.ts';
import type { FingerprintFields, Pool, Preprocessing } from '../features/manifest/manifest.ts';
import { GraphBuilder } from '../formats/onnx/graph-builder.ts';
import type { OnnxGraph, OnnxModel, OnnxNode } from '../formats/onnx/schema.ts';
import { UserError } from '../system/errors.ts';
import { exportOpsets, headNames } from './export-head.ts';

/** ONNX's number for float16, as Cast takes it (TensorProto.DataType). */
const float16 = 10;
const float32 = 1;

/** Prefix of the head's names; the backbone keeps its own. */
const prefix = 'head/';

/**
 * Appends an exported head to its backbone: normalized pixels, float32 [batch, 3, crop, crop], to the head's outputs.
 *
 * @param rowShape shape of one tapped row before the pool: [channels, height, width] or [channels]
 * @throws UserError if the backbone cannot be part of such a model
 */
export function withBackbone(
  head: OnnxModel,
  network: Network,
  fields: FingerprintFields,
  tapShape: readonly number[],
): OnnxModel {
  checkNetwork(network);
  const tensor = resolveTap(network, fields.tap);
  const backbone = pruneTo(network.model, [tensor]);
  const middle = poolGraph(tensor, fields, tapShape);
  const tail = renamed(head.graph, middle.output);
  const { graph } = backbone;
  const front =
    network.input.form === 'bytes' ? bytesOfPixels(network.input, fields.preprocessing, 'pixels/') : undefined;
  return {
    ...head,
    opsetImport: mergeOpsets(backbone, head),
    graph: {
      ...tail,
      name: `featuretap ${network.architecture} with its head`,
      input: (front ?? graph).input,
      node: [...(front?.node ?? []), ...graph.node, ...middle.nodes, ...tail.node],
      initializer: [...(front?.initializer ?? []), ...graph.initializer, ...middle.initializer, ...tail.initializer],
      valueInfo: graph.valueInfo,
    },
  };
}

function checkNetwork(network: Network): void {
  const { input, model, source } = network;
  const known = input.form === 'normalized' ? input.layout === 'NCHW' : input.layout === 'NHWC';
  if (!known || input.batch !== undefined) {
    throw new UserError({
      what: 'this backbone cannot be exported with its head',
      where: source,
      found: `an input of ${input.form} pixels, ${input.layout}${input.batch === undefined ? '' : `, ${input.batch} at a time`}`,
      expected: 'normalized pixels, NCHW, in any number',
      fix: 'export the head alone, without --with-backbone',
    });
  }
  const own = model.opsetImport.find(({ domain }) => (domain ?? '') === '')?.version ?? 0;
  if (Number(own) < 13 || Number(own) > (exportOpsets[''] as number)) {
    throw new UserError({
      what: 'this backbone uses another opset than the head',
      where: source,
      found: `opset ${own}`,
      expected: `opset 13 to ${exportOpsets['']}`,
      fix: 'export the head alone, without --with-backbone, or convert the backbone with onnx.version_converter',
    });
  }
}

/** Pool and number format of the feature set: the tapped tensor to [batch, dims]. */
function poolGraph(
  tensor: string,
  { pool, prefixTokens = 0, dtype }: FingerprintFields,
  tapShape: readonly number[],
): { readonly nodes: readonly OnnxNode[]; readonly initializer: OnnxGraph['initializer']; readonly output: string } {
  const graph = new GraphBuilder('pool');
  let value = tensor;
  if (tapShape.length === 3 && pool !== 'none') {
    const op = pool === 'mean' ? 'ReduceMean' : 'ReduceMax';
    value = graph.node(op, [value], { axes: [2, 3], keepdims: 0 }, { outputs: [`${prefix}pooled`] });
  } else if (tapShape.length === 2 && pool !== 'none') {
    value = tokensGraph(graph, tensor, pool, prefixTokens);
  } else if (tapShape.length > 1) {
    value = graph.node('Flatten', [value], { axis: 1 }, { outputs: [`${prefix}flat`] });
  }
  if (dtype === 'float16') {
    const half = graph.node('Cast', [value], { to: float16 }, { outputs: [`${prefix}half`] });
    value = graph.node('Cast', [half], { to: float32 }, { outputs: [`${prefix}features`] });
  }
  const { node, initializer } = graph.graph();
  return { nodes: node, initializer, output: value };
}

/** The class token, the mean over the tokens behind the prefix, or both one after the other. */
function tokensGraph(graph: GraphBuilder, tensor: string, pool: Pool, prefixTokens: number): string {
  const number = (name: string, value: number): string =>
    graph.initializer(`${prefix}${name}`, { type: 'int64', shape: [1], data: BigInt64Array.of(BigInt(value)) });
  const slice = (name: string, from: number, to: number): string =>
    graph.node(
      'Slice',
      [tensor, number(`${name}/from`, from), number(`${name}/to`, to), number(`${name}/axis`, 1)],
      {},
      { outputs: [`${prefix}${name}/tokens`] },
    );
  const mean = (name: string, from: number, to: number): string =>
    graph.node('ReduceMean', [slice(name, from, to)], { axes: [1], keepdims: 0 }, { outputs: [`${prefix}${name}`] });
  if (pool === 'cls') return mean('cls', 0, 1);
  const patches = mean('patches', prefixTokens, 2 ** 31 - 1);
  if (pool !== 'cls+mean') return patches;
  return graph.node('Concat', [mean('cls', 0, 1), patches], { axis: 1 }, { outputs: [`${prefix}pooled`] });
}

/** The head's graph with prefixed names, its input replaced, and its outputs unchanged. */
function renamed(graph: OnnxGraph, features: string): OnnxGraph {
  const kept = new Set<string>([headNames.probabilities, headNames.label]);
  const rename = (name: string): string =>
    name === '' || kept.has(name) ? name : name === headNames.input ? features : prefix + name;
  return {
    ...graph,
    initializer: graph.initializer.map((tensor) => ({ ...tensor, name: rename(tensor.name ?? '') })),
    node: graph.node.map((node) => ({
      ...node,
      name: prefix + (node.name ?? ''),
      input: node.input.map(rename),
      output: node.output.map(rename),
    })),
  };
}

function mergeOpsets(backbone: OnnxModel, head: OnnxModel): OnnxModel['opsetImport'] {
  const own = new Set(backbone.opsetImport.map(({ domain }) => domain ?? ''));
  return [...backbone.opsetImport, ...head.opsetImport.filter(({ domain }) => !own.has(domain ?? ''))];
}

/**
 * A graph to prepend to a quantized network with byte input: converts normalized pixels, float32 [batch, 3, crop,
 * crop], back to bytes, and adds the border of the mean colour. (x * std + mean) * 255 is within a thousandth of an
 * integer, so rounding is exact.
 *
 * @returns a graph whose last node's output is the network's input
 */
export function bytesOfPixels(input: NetworkInput, { crop, mean, std }: Preprocessing, prefix: string): OnnxGraph {
  const graph = new GraphBuilder('bytes of pixels');
  const named = (name: string): string => `${prefix}${name}`;
  const channels = { type: 'float32', shape: [1, 3, 1, 1] } as const;
  const single = (name: string, value: number): string =>
    graph.initializer(named(name), { type: 'float32', shape: [], data: Float32Array.of(value) });
  const step = (op: string, name: string, inputs: readonly string[], attributes = {}): string =>
    graph.node(op, inputs, attributes, { name: named(name), outputs: [named(name)] });

  const pixels = graph.input('pixels', 'float32', ['batch', 3, crop, crop]);
  const p = BigInt(input.padding ?? 0);
  const pads = { type: 'int64', shape: [8], data: BigInt64Array.of(0n, 0n, p, p, 0n, 0n, p, p) } as const;
  // A normalized 0 is the mean colour.
  const padded = step('Pad', 'padded', [pixels, graph.initializer(named('pads'), pads), single('zero', 0)]);
  const scale = graph.initializer(named('scale'), { ...channels, data: Float32Array.from(std, (s) => s * 255) });
  const shift = graph.initializer(named('shift'), { ...channels, data: Float32Array.from(mean, (m) => m * 255 + 0.5) });
  const levels = step('Floor', 'levels', [step('Add', 'shifted', [step('Mul', 'scaled', [padded, scale]), shift])]);
  const clipped = step('Clip', 'clipped', [levels, single('least', 0), single('most', 255)]);
  const planes = step('Cast', 'planes', [clipped], { to: uint8 });
  graph.node('Transpose', [planes], { perm: [0, 2, 3, 1] }, { name: named('interleaved'), outputs: [input.name] });
  return graph.graph();
}

/** ONNX's number for uint8, as Cast takes it (TensorProto.DataType). */
const uint8 = 2;
