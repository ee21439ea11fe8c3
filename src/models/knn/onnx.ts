import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { savedArray } from '../checks.ts';
import type { SavedHead } from '../model.ts';
import { addScaling, axes } from '../onnx-parts.ts';

/** Votes of the most similar training rows, which are stored in the file: float32 [rows, classes]. */
export function addKnn(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const classCount = saved.classes.length;
  const labels = savedArray(saved, 'labels', Int32Array, [null]);
  const rowCount = labels.length;
  const unitTrain = savedArray(saved, 'unitTrain', Float32Array, [rowCount, saved.dims]);
  const weighted = saved.arrays['sampleWeights'] !== undefined;
  const k = Math.min(Number(saved.params['k']), rowCount);

  const unit = addScaling(graph, features, { kind: 'l2', offset: new Float64Array(0), factor: new Float64Array(0) });
  const train = graph.constant('knn.rows', unitTrain, [rowCount, saved.dims]);
  const similarities = graph.node('Gemm', [unit, train], { transB: 1 });
  const [nearest = '', places = ''] = graph.nodeWithOutputs(
    'TopK',
    [similarities, axes(graph, 'knn.k', [k])],
    { axis: 1 },
    { outputs: ['knn.nearest', 'knn.places'] },
  );

  // exp((similarity - largest) / temperature), or 1 for uniform votes.
  const sharpness = saved.params['votes'] === 'uniform' ? 0 : 1 / Number(saved.params['temperature']);
  const largest = graph.node('Slice', [
    nearest,
    axes(graph, 'knn.from', [0]),
    axes(graph, 'knn.to', [1]),
    axes(graph, 'knn.axis', [1]),
  ]);
  let votes = graph.node('Exp', [
    graph.node('Mul', [graph.node('Sub', [nearest, largest]), scalar(graph, 'knn.sharpness', sharpness)]),
  ]);
  if (weighted) {
    const weights = Float32Array.from(savedArray(saved, 'sampleWeights', Float64Array, [rowCount]));
    const all = graph.constant('knn.weights', weights);
    votes = graph.node('Mul', [votes, graph.node('Gather', [all, places], { axis: 0 })]);
  }
  const total = graph.node('ReduceSum', [votes, axes(graph, 'knn.neighbours', [1])], { keepdims: 1 });
  const shares = graph.node('Div', [votes, total]);

  const classes = graph.constant('knn.labels', labels);
  const own = graph.node('OneHot', [
    graph.node('Gather', [classes, places], { axis: 0 }),
    graph.constant('knn.classes', Int32Array.of(classCount)),
    graph.constant('knn.offOn', Float32Array.of(0, 1)),
  ]);
  const apart = graph.node('Unsqueeze', [shares, axes(graph, 'knn.last', [2])]);
  const sums = graph.node('ReduceSum', [graph.node('Mul', [own, apart]), axes(graph, 'knn.sum', [1])], { keepdims: 0 });

  // One more vote, divided evenly among the classes with training rows.
  const present = new Set(labels);
  const even = Float32Array.from({ length: classCount }, (_, c) => (present.has(c) ? 1 / present.size / (k + 1) : 0));
  return graph.node('Add', [
    graph.node('Mul', [sums, scalar(graph, 'knn.share', k / (k + 1))]),
    graph.constant('knn.even', even),
  ]);
}

function scalar(graph: GraphBuilder, name: string, value: number): string {
  return graph.constant(name, Float32Array.of(value), []);
}
