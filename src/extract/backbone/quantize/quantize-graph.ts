import { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor } from '../../../formats/onnx/schema.ts';
import { transpose } from '../../../numerics/arrays.kernel.ts';
import { valueAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import type { Network } from '../network.ts';
import type { Measurements } from './activation-ranges.ts';
import { type Bytes, byteLevels } from './byte-levels.ts';
import { type GraphLayer, graphLayers, transposed } from './graph-layers.ts';
import { quantizeKernels } from './quantize-weights.kernel.ts';

const prefix = 'int8/';
/** ONNX's number for float32, as Cast takes it (TensorProto.DataType). */
const float32 = 1;

/**
 * A user's own graph with its products in int8: weights symmetric per output channel, activations uint8 per tensor by
 * the ranges that were measured. MatMul and Gemm become MatMulInteger, scaled back to float32; Conv, with the relu
 * behind it, becomes QLinearConv. All else stays in float32: the products inside attention, softmax, norms, sums.
 *
 * @param network cut after its tap
 * @throws UserError if a range is missing
 */
export function quantizeGraph(network: Network, { ranges }: Pick<Measurements, 'ranges'>): Network {
  const { graph } = network.model;
  const layers = new Map(graphLayers(graph, network.input.name).map((layer) => [layer.node, layer]));
  const relus = new Set([...layers.values()].map(({ relu }) => relu));
  const node: OnnxNode[] = [];
  const initializer: OnnxTensor[] = [];
  const held = new Map<string, Bytes>();

  for (const one of graph.node) {
    const layer = layers.get(one);
    if (layer === undefined) {
      if (!relus.has(one)) node.push(one);
      continue;
    }
    const builder = new GraphBuilder(prefix);
    const input = held.get(layer.input) ?? quantize(builder, layer.input);
    held.set(layer.input, input);
    if (one.opType === 'Conv') held.set(layer.output, convolve(builder, layer, input));
    else multiply(builder, layer, input);
    const added = builder.graph();
    // Strides, pads, groups: QLinearConv has the attributes of Conv.
    const like = (made: OnnxNode): OnnxNode =>
      made.opType === 'QLinearConv' ? { ...made, attribute: one.attribute } : made;
    node.push(...added.node.map(like));
    initializer.push(...added.initializer);
  }
  return { ...network, model: { ...network.model, graph: withoutUnused(graph, node, initializer) } };

  function parameters(builder: GraphBuilder, name: string): Omit<Bytes, 'tensor'> {
    const range = ranges[name];
    if (range === undefined)
      throw new UserError({
        what: 'the activation ranges are of another network',
        where: network.source,
        found: `no range of ${name}`,
        expected: 'a range of every tensor that is multiplied',
        fix: 'extract again with --replace',
      });
    return byteLevels(builder, `${prefix}${name}`, range);
  }

  function quantize(builder: GraphBuilder, name: string): Bytes {
    const own = parameters(builder, name);
    const outputs = [`${prefix}${name}`];
    return { ...own, tensor: builder.node('QuantizeLinear', [name, own.scale, own.zero], {}, { outputs }) };
  }

  function multiply(builder: GraphBuilder, { node: { output }, weights, bias }: GraphLayer, input: Bytes): void {
    const [name = ''] = output;
    const [inputs = 0, outputs = 0] = weights.shape;
    const { values, scales } = quantizeKernels(transposed(weights).data, outputs, inputs, 1);
    const columns = transpose(values, outputs, inputs, new Int8Array(values.length));
    const matrix = builder.constant(`${prefix}${name}/weights`, columns, [inputs, outputs]);
    const scaled = scales.map((each) => each * input.scaleValue);
    const scale = builder.constant(`${prefix}${name}/scales`, scaled);
    const sums = builder.node('MatMulInteger', [input.tensor, matrix, input.zero], {}, named(`${name}/sums`));
    const whole = builder.node('Cast', [sums], { to: float32 }, named(`${name}/cast`));
    if (bias === undefined) builder.node('Mul', [whole, scale], {}, { outputs: [name] });
    else {
      const product = builder.node('Mul', [whole, scale], {}, named(`${name}/product`));
      builder.node('Add', [product, builder.initializer(`${prefix}${name}/bias`, bias)], {}, { outputs: [name] });
    }
  }

  function convolve(builder: GraphBuilder, layer: GraphLayer, input: Bytes): Bytes {
    const { weights, bias, output } = layer;
    const [outputs = 0, inputs = 0, height = 0, width = 0] = weights.shape;
    const { values, scales } = quantizeKernels(weights.data, outputs, inputs, height * width);
    const own = parameters(builder, output);
    const kernels = builder.constant(`${prefix}${output}/weights`, values, weights.shape);
    const scale = builder.constant(`${prefix}${output}/scales`, scales);
    const zeros = builder.constant(`${prefix}${output}/zeros`, new Int8Array(outputs));
    const inputsOf = [input.tensor, input.scale, input.zero, kernels, scale, zeros, own.scale, own.zero];
    if (bias !== undefined) {
      const data = Int32Array.from(bias.data, (value, channel) =>
        Math.round(value / (input.scaleValue * valueAt(scales, channel))),
      );
      inputsOf.push(builder.constant(`${prefix}${output}/bias`, data));
    }
    const tensor = `${prefix}${output}`;
    builder.node('QLinearConv', inputsOf, {}, { outputs: [tensor] });
    builder.node('DequantizeLinear', [tensor, own.scale, own.zero], {}, { outputs: [output] });
    return { ...own, tensor };
  }
}

function named(name: string): { readonly outputs: readonly string[] } {
  return { outputs: [`${prefix}${name}`] };
}

/** The graph with other nodes, and without the initializers that none of them reads any more. */
function withoutUnused(graph: OnnxGraph, node: readonly OnnxNode[], added: readonly OnnxTensor[]): OnnxGraph {
  const read = new Set(node.flatMap(({ input }) => input));
  const hasInner = node.some(({ attribute }) =>
    attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0),
  );
  const kept = graph.initializer.filter(({ name }) => hasInner || (name !== undefined && read.has(name)));
  return { ...graph, node, initializer: [...kept, ...added] };
}
