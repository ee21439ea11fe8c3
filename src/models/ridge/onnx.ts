import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { savedArray } from '../checks.ts';
import type { SavedHead } from '../model.ts';

/** softmax(factor * (features · weights + bias)): float32 [rows, classes]. */
export function addRidge(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const classCount = saved.classes.length;
  const weights = savedArray(saved, 'weights', Float32Array, [saved.dims, classCount]);
  const bias = savedArray(saved, 'bias', Float32Array, [classCount]);
  const factor = savedArray(saved, 'factor', Float64Array, [1]);
  const scores = graph.node('Gemm', [
    features,
    graph.initializer('weights', { type: 'float32', shape: [saved.dims, classCount], data: weights }),
    graph.initializer('bias', { type: 'float32', shape: [classCount], data: bias }),
  ]);
  const scaled = graph.node('Mul', [
    scores,
    graph.initializer('factor', { type: 'float32', shape: [1], data: Float32Array.from(factor) }),
  ]);
  return graph.node('Softmax', [scaled], { axis: -1 });
}
