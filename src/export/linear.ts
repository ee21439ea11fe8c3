import { savedArray } from '../classify/heads/checks.ts';
import type { SavedHead } from '../classify/heads/head.ts';
import type { GraphBuilder } from '../formats/onnx/graph-builder.ts';

/** softmax(features · weights + bias): float32 [rows, classes]. */
export function addLinear(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const classCount = saved.classes.length;
  const weights = savedArray(saved, 'weights', Float32Array, [saved.dims, classCount]);
  const bias = savedArray(saved, 'bias', Float32Array, [classCount]);
  const scores = graph.node('Gemm', [
    features,
    graph.initializer('weights', { type: 'float32', shape: [saved.dims, classCount], data: weights }),
    graph.initializer('bias', { type: 'float32', shape: [classCount], data: bias }),
  ]);
  return graph.node('Softmax', [scores], { axis: -1 });
}
