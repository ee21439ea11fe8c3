import type { GraphBuilder } from '../formats/onnx/graph-builder.ts';
import type { Scaling } from '../rows/scale.ts';
import { savedWeights } from './linear-head.ts';
import type { SavedHead } from './model.ts';

/**
 * Adds a head's scaling to a graph: float32 [rows, dims] in and out, computed in float64 like `applyScaling`, so that
 * rows fall on the same side of a tree's thresholds.
 */
export function addScaling(graph: GraphBuilder, input: string, scaling: Scaling): string {
  switch (scaling.kind) {
    case 'none':
      return input;
    case 'l2': {
      const wide = toDouble(graph, input);
      const squares = graph.node('ReduceSum', [graph.node('Mul', [wide, wide]), axes(graph, 'scale.axes', [1])]);
      const one = graph.constant('scale.one', Float64Array.of(1));
      const zero = graph.constant('scale.zero', Float64Array.of(0));
      // A row of zeros stays: its norm counts as one.
      const isZero = graph.node('Equal', [squares, zero]);
      const length = graph.node('Sqrt', [graph.node('Where', [isZero, one, squares])]);
      return toFloat(graph, graph.node('Mul', [wide, graph.node('Div', [one, length])]));
    }
    case 'standard':
    case 'minmax': {
      const { offset, factor } = scaling;
      const by = graph.constant('scale.offset', offset);
      const times = graph.constant('scale.factor', factor);
      return toFloat(graph, graph.node('Mul', [graph.node('Sub', [toDouble(graph, input), by]), times]));
    }
    default:
      return scaling.kind satisfies never;
  }
}

/** Column of the largest value of each row, the first among ties: int64 [rows]. */
export function largestPerRow(graph: GraphBuilder, matrix: string): string {
  return graph.node('ArgMax', [matrix], { axis: 1, keepdims: 0 });
}

/** ONNX's numbers of element types, for Cast (TensorProto.DataType). */
const float = 1;
const double = 11;

export function toDouble(graph: GraphBuilder, value: string): string {
  return graph.node('Cast', [value], { to: double });
}

export function toFloat(graph: GraphBuilder, value: string): string {
  return graph.node('Cast', [value], { to: float });
}

/** Axes as an input tensor, as required by ReduceSum and Unsqueeze since opset 13. */
export function axes(graph: GraphBuilder, name: string, values: readonly number[]): string {
  return graph.constant(name, BigInt64Array.from(values, BigInt));
}

/** softmax(inverse · log p) of probabilities p, float32 [rows, classes]; p itself where the inverse temperature is 1. */
export function addTemperature(graph: GraphBuilder, probabilities: string, inverse: number): string {
  if (inverse === 1) return probabilities;
  const axis = graph.constant('temperatureAxis', BigInt64Array.of(1n));
  const power = graph.constant('slope', Float32Array.of(inverse), []);
  // Divided by the row's largest first: a high power of a small number would underflow.
  const largest = graph.node('ReduceMax', [probabilities], { axes: [1], keepdims: 1 });
  const raised = graph.node('Pow', [graph.node('Div', [probabilities, largest]), power]);
  return graph.node('Div', [raised, graph.node('ReduceSum', [raised, axis], { keepdims: 1 })]);
}

/**
 * softmax(inverse (features · weights + bias)): float32 [rows, classes]; the inverse temperature is 1 except for a
 * calibrated SVM.
 */
export function addLinear(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const { weights, bias } = savedWeights(saved);
  const classCount = bias.length;
  const inputs = [features, graph.constant('weights', weights, [saved.dims, classCount]), graph.constant('bias', bias)];
  const inverse = typeof saved.details['slope'] === 'number' ? saved.details['slope'] : 1;
  const scores = graph.node('Gemm', inputs, { alpha: { float: inverse }, beta: { float: inverse } });
  return graph.node('Softmax', [scores], { axis: -1 });
}
