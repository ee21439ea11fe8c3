import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';

/** softmax(slope · log p) of probabilities p, float32 [rows, classes]; p itself where the slope is 1. */
export function addTemperature(graph: GraphBuilder, probabilities: string, slope: number): string {
  if (slope === 1) return probabilities;
  const axis = graph.initializer('temperatureAxis', { type: 'int64', shape: [1], data: BigInt64Array.of(1n) });
  const power = graph.initializer('slope', { type: 'float32', shape: [], data: Float32Array.of(slope) });
  // Over the row's largest first: a high power of a small number would round to 0.
  const largest = graph.node('ReduceMax', [probabilities], { axes: [1], keepdims: 1 });
  const sharpened = graph.node('Pow', [graph.node('Div', [probabilities, largest]), power]);
  return graph.node('Div', [sharpened, graph.node('ReduceSum', [sharpened, axis], { keepdims: 1 })]);
}
