import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { savedArray } from '../checks.ts';
import { savedWeights } from '../linear-head.ts';
import type { SavedHead } from '../model.ts';

/** softmax(factor * (features · weights + bias)): float32 [rows, classes]. */
export function addRidge(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const { weights, bias } = savedWeights(saved);
  const classCount = bias.length;
  const factor = savedArray(saved, 'factor', Float64Array, [1]);
  const scores = graph.node('Gemm', [
    features,
    graph.constant('weights', weights, [saved.dims, classCount]),
    graph.constant('bias', bias),
  ]);
  const scaled = graph.node('Mul', [scores, graph.constant('factor', Float32Array.from(factor))]);
  return graph.node('Softmax', [scaled], { axis: -1 });
}
