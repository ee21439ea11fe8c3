import type { NetworkInput } from '../extract/backbone/network.ts';
import type { Preprocessing } from '../features/manifest/manifest.ts';
import { GraphBuilder } from '../formats/onnx/graph-builder.ts';
import type { OnnxGraph } from '../formats/onnx/schema.ts';

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
