import { GraphBuilder } from '../formats/onnx/graph-builder.ts';
import type { OnnxModel } from '../formats/onnx/schema.ts';
import { savedInverseTemperature } from '../models/calibration/temperature.ts';
import type { OnnxAnswer, SavedHead } from '../models/model.ts';
import { addScaling, addTemperature, largestPerRow } from '../models/onnx-parts.ts';
import { headKinds } from '../models/registry.ts';
import { savedScaling } from '../models/scaling.ts';
import { UserError } from '../system/errors.ts';

/** Opsets of exported models: ONNX 1.12's, which all recent runtimes support. */
export const exportOpsets: Readonly<Record<string, number>> = { '': 17, 'ai.onnx.ml': 3 };

/** Names of an exported head's inputs and outputs. */
export const headNames = { input: 'features', probabilities: 'probabilities', label: 'label' } as const;

/**
 * A saved head as an ONNX model: `features` float32 [batch, dims] to `probabilities` float32 [batch, classes] and
 * `label`, the name of the predicted class, [batch]. Scaling, calibration and class names are inside.
 *
 * @param metadata metadata texts of the model
 * @throws UserError for a head that has no ONNX form
 */
export function exportHead(saved: SavedHead, metadata: Readonly<Record<string, string>> = {}): OnnxModel {
  const graph = new GraphBuilder(`featuretap ${saved.model}`);
  const input = graph.input(headNames.input, 'float32', ['batch', saved.dims]);
  const scaled = addScaling(graph, input, savedScaling(saved));
  const { probabilities, predicted } = addHead(graph, scaled, saved);
  const found = addTemperature(graph, probabilities, savedInverseTemperature(saved));
  graph.node('Identity', [found], {}, { outputs: [headNames.probabilities] });
  const names = graph.initializer('classes', { type: 'string', shape: [saved.classes.length], data: saved.classes });
  graph.node('Gather', [names, predicted], { axis: 0 }, { outputs: [headNames.label] });
  graph.output(headNames.probabilities, 'float32', ['batch', saved.classes.length]);
  graph.output(headNames.label, 'string', ['batch']);
  return graph.model({ opsets: exportOpsets, metadata });
}

function addHead(graph: GraphBuilder, features: string, saved: SavedHead): OnnxAnswer {
  const added = headKinds.find(({ model }) => model === saved.model)?.toOnnx(graph, features, saved);
  if (typeof added === 'string') return { probabilities: added, predicted: largestPerRow(graph, added) };
  if (added !== undefined) return added;
  throw new UserError({
    what: 'this head cannot be exported to ONNX',
    found: `${saved.model}, solver ${saved.solver}`,
    expected: 'linear, svm (linear or rbf), knn, ridge, mlp, or forest with its own solver',
    fix: 'featuretap classify --model forest --solver cart, then export that',
  });
}
