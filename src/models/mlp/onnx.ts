import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { savedArray } from '../checks.ts';
import type { SavedHead } from '../model.ts';

/** softmax(relu(features · hiddenWeights + hiddenBias) · outputWeights + outputBias): float32 [rows, classes]. */
export function addMlp(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const classCount = saved.classes.length;
  const hiddenBias = savedArray(saved, 'hiddenBias', Float32Array, [null]);
  const hidden = hiddenBias.length;
  const array = (name: string, shape: readonly number[]): string =>
    graph.constant(name, savedArray(saved, name, Float32Array, shape), shape);
  const layer = graph.node('Gemm', [
    features,
    array('hiddenWeights', [saved.dims, hidden]),
    array('hiddenBias', [hidden]),
  ]);
  const scores = graph.node('Gemm', [
    graph.node('Relu', [layer]),
    array('outputWeights', [hidden, classCount]),
    array('outputBias', [classCount]),
  ]);
  return graph.node('Softmax', [scores], { axis: -1 });
}
