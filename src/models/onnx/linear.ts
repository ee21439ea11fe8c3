import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { savedArray } from '../checks.ts';
import type { SavedHead } from '../model.ts';

/** softmax(slope (features · weights + bias)): float32 [rows, classes]; the slope is 1 but for a calibrated SVM. */
export function addLinear(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const classCount = saved.classes.length;
  const weights = savedArray(saved, 'weights', Float32Array, [saved.dims, classCount]);
  const bias = savedArray(saved, 'bias', Float32Array, [classCount]);
  const inputs = [
    features,
    graph.initializer('weights', { type: 'float32', shape: [saved.dims, classCount], data: weights }),
    graph.initializer('bias', { type: 'float32', shape: [classCount], data: bias }),
  ];
  const slope = typeof saved.details['slope'] === 'number' ? saved.details['slope'] : 1;
  const scores = graph.node('Gemm', inputs, { alpha: { float: slope }, beta: { float: slope } });
  return graph.node('Softmax', [scores], { axis: -1 });
}
