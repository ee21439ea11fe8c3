import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { savedArray } from '../checks.ts';
import type { SavedHead } from '../model.ts';
import { addScaling } from '../onnx-parts.ts';
import { logitScale } from '../prompts.ts';

/** Softmax of the cosine similarities with the prompts' vectors: float32 [rows, classes]. */
export function addZeroShot(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const shape = [saved.dims, saved.classes.length];
  const words = savedArray(saved, 'words', Float32Array, shape).map((value) => value * logitScale);
  const unit = addScaling(graph, features, { kind: 'l2', offset: new Float64Array(0), factor: new Float64Array(0) });
  const all = graph.constant('zero-shot.words', words, shape);
  return graph.node('Softmax', [graph.node('MatMul', [unit, all])], { axis: 1 });
}
