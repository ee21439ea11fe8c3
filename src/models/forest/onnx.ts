import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { valueAt } from '../../system/at.ts';
import type { SavedHead } from '../model.ts';
import { axes } from '../onnx-parts.ts';
import { savedForest } from './fit.ts';

/**
 * The trees as one TreeEnsembleClassifier (ai.onnx.ml, version 3): float32 [rows, classes]. Each leaf adds its class
 * shares over the number of trees.
 */
export function addForest(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const { root, feature, threshold, child, leafStart, leafClass, leafFraction } = savedForest(saved);

  // With two classes, ONNX Runtime treats the scores as binary; a third, empty class avoids that.
  const labelCount = Math.max(3, saved.classes.length);
  const nodeCount = feature.length;
  const ints = (): number[] => new Array<number>(nodeCount).fill(0);
  const nodes = { tree: ints(), id: ints(), column: ints(), yes: ints(), no: ints() };
  const modes = new Array<string>(nodeCount);
  const leaves: Record<'tree' | 'id' | 'class' | 'weight', number[]> = { tree: [], id: [], class: [], weight: [] };
  for (let node = 0, tree = 0; node < nodeCount; node++) {
    while (tree + 1 < root.length && node >= valueAt(root, tree + 1)) tree++;
    const first = valueAt(root, tree);
    const isLeaf = feature[node] === -1;
    nodes.tree[node] = tree;
    nodes.id[node] = node - first;
    nodes.column[node] = isLeaf ? 0 : valueAt(feature, node);
    nodes.yes[node] = isLeaf ? 0 : valueAt(child, node) - first;
    nodes.no[node] = isLeaf ? 0 : valueAt(child, node) + 1 - first;
    modes[node] = isLeaf ? 'LEAF' : 'BRANCH_LEQ';
    if (!isLeaf) continue;
    const leaf = valueAt(child, node);
    const addLeaf = (c: number, weight: number): void => {
      leaves.tree.push(tree);
      leaves.id.push(node - first);
      leaves.class.push(c);
      leaves.weight.push(weight);
    };
    for (let entry = valueAt(leafStart, leaf); entry < valueAt(leafStart, leaf + 1); entry++) {
      addLeaf(valueAt(leafClass, entry), valueAt(leafFraction, entry) / root.length);
    }
    // A runtime may omit the column of a class without weights: mention every class once.
    if (leaf === 0) for (let c = 0; c < labelCount; c++) addLeaf(c, 0);
  }

  const [, probabilities = ''] = graph.nodeWithOutputs(
    'TreeEnsembleClassifier',
    [features],
    {
      nodes_treeids: nodes.tree,
      nodes_nodeids: nodes.id,
      nodes_featureids: nodes.column,
      nodes_values: Float32Array.from(threshold, (value, node) => (feature[node] === -1 ? 0 : value)),
      nodes_modes: modes,
      nodes_truenodeids: nodes.yes,
      nodes_falsenodeids: nodes.no,
      class_treeids: leaves.tree,
      class_nodeids: leaves.id,
      class_ids: leaves.class,
      class_weights: Float32Array.from(leaves.weight),
      classlabels_int64s: Array.from({ length: labelCount }, (_, c) => c),
      post_transform: 'NONE',
    },
    { domain: 'ai.onnx.ml', outputs: ['forest.class', 'forest.probabilities'] },
  );
  if (labelCount === saved.classes.length) return probabilities;
  return graph.node('Slice', [
    probabilities,
    axes(graph, 'forest.from', [0]),
    axes(graph, 'forest.to', [saved.classes.length]),
    axes(graph, 'forest.axis', [1]),
  ]);
}
