import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import type { Scaling } from '../../rows/scale.ts';

/**
 * Adds a head's scaling to a graph: float32 [rows, dims] in and out, in float64 between, as `applyScaling` does, so that
 * a tree's threshold falls on the same side.
 */
export function addScaling(graph: GraphBuilder, input: string, scaling: Scaling): string {
  switch (scaling.kind) {
    case 'none':
      return input;
    case 'l2': {
      const wide = toDouble(graph, input);
      const squares = graph.node('ReduceSum', [graph.node('Mul', [wide, wide]), axes(graph, 'scale.axes', [1])]);
      const one = graph.initializer('scale.one', { type: 'float64', shape: [1], data: Float64Array.of(1) });
      const zero = graph.initializer('scale.zero', { type: 'float64', shape: [1], data: Float64Array.of(0) });
      // A row of zeros stays: its length counts as one.
      const isZero = graph.node('Equal', [squares, zero]);
      const length = graph.node('Sqrt', [graph.node('Where', [isZero, one, squares])]);
      return toFloat(graph, graph.node('Mul', [wide, graph.node('Div', [one, length])]));
    }
    case 'standard':
    case 'minmax': {
      const { offset, factor } = scaling;
      const shape = [offset.length];
      const by = graph.initializer('scale.offset', { type: 'float64', shape, data: offset });
      const times = graph.initializer('scale.factor', { type: 'float64', shape, data: factor });
      return toFloat(graph, graph.node('Mul', [graph.node('Sub', [toDouble(graph, input), by]), times]));
    }
    default:
      return scaling.kind satisfies never;
  }
}

/** ONNX's numbers for element types, as Cast takes them (TensorProto.DataType). */
const float = 1;
const double = 11;

export function toDouble(graph: GraphBuilder, value: string): string {
  return graph.node('Cast', [value], { to: double });
}

export function toFloat(graph: GraphBuilder, value: string): string {
  return graph.node('Cast', [value], { to: float });
}

/** Axes as an input, which ReduceSum and Unsqueeze take since opset 13. */
export function axes(graph: GraphBuilder, name: string, values: readonly number[]): string {
  return graph.initializer(name, { type: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) });
}
