import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { float32Tensor, graphSession, isThreadInvariant } from '../../numerics/graph-session.ts';
import { addRowVector, softmaxRows } from '../../numerics/linear-loss.kernel.ts';
import { multiply } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import type { RandomState } from '../../numerics/mt19937.kernel.ts';
import type { Table } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import { rectify, sumRows } from './mlp.kernel.ts';
import { type AdamGroup, openAdam } from './penalized-adam.ts';

/** A network with one hidden layer: softmax(relu(rows · hiddenWeights + hiddenBias) · outputWeights + outputBias). */
export interface MlpWeights {
  /** [dims, hidden] */
  readonly hiddenWeights: Float32Array;
  /** [hidden] */
  readonly hiddenBias: Float32Array;
  /** [hidden, classes] */
  readonly outputWeights: Float32Array;
  /** [classes] */
  readonly outputBias: Float32Array;
}

export interface MlpSizes {
  readonly dims: number;
  readonly hidden: number;
  readonly classes: number;
}

/** State of a training run. */
interface MlpState {
  readonly sizes: MlpSizes;
  /** Weights of the groups, updated in place by every step. */
  readonly weights: MlpWeights;
  readonly groups: Readonly<Record<keyof MlpWeights, AdamGroup>>;
  readonly batch: BatchBuffers;
  step: number;
}

/** Buffers of a batch, allocated once: new ones at every step would accumulate until garbage collection. */
interface BatchBuffers {
  /** [batch rows, dims] */
  readonly rows: Float32Array;
  /** [batch rows, hidden] */
  readonly hiddenError: Float32Array;
  /** [batch rows, classes] */
  readonly truth: Float32Array;
  readonly error: Float32Array;
  /** [batch rows] */
  readonly rowShares: Float32Array;
  readonly rowLosses: Float32Array;
}

/** Rows predicted at a time. */
const predictRows = 4096;

/**
 * Initial weights and biases as in scikit-learn's MLPClassifier: uniform within sqrt(6 / (inputs + outputs)).
 *
 * @param batchRows most rows of a step
 */
export function startMlp(sizes: MlpSizes, batchRows: number, random: RandomState): MlpState {
  const { dims, hidden, classes } = sizes;
  const hiddenBound = Math.sqrt(6 / (dims + hidden));
  const outputBound = Math.sqrt(6 / (hidden + classes));
  const draw = (count: number, bound: number): AdamGroup => {
    const group = openAdam(count);
    for (let i = 0; i < count; i++) group.parameters[i] = bound * (2 * random.double() - 1);
    return group;
  };
  const groups = {
    hiddenWeights: draw(dims * hidden, hiddenBound),
    hiddenBias: draw(hidden, hiddenBound),
    outputWeights: draw(hidden * classes, outputBound),
    outputBias: draw(classes, outputBound),
  };
  return {
    sizes,
    weights: {
      hiddenWeights: groups.hiddenWeights.parameters,
      hiddenBias: groups.hiddenBias.parameters,
      outputWeights: groups.outputWeights.parameters,
      outputBias: groups.outputBias.parameters,
    },
    groups,
    batch: {
      rows: new Float32Array(batchRows * dims),
      hiddenError: new Float32Array(batchRows * hidden),
      truth: new Float32Array(batchRows * classes),
      error: new Float32Array(batchRows * classes),
      rowShares: new Float32Array(batchRows),
      rowLosses: new Float32Array(batchRows),
    },
    step: 0,
  };
}

/**
 * One step of Adam on the weighted mean cross-entropy of a batch, plus the L2 penalty of both weight matrices, `penalty
 * / 2 / rows` times their sum of squares (scikit-learn's alpha).
 *
 * @param rows of the table, in the order of the batch
 * @returns the batch's cross-entropy times its weight, and its weight
 */
export async function mlpStep(
  state: MlpState,
  table: Table,
  rows: Int32Array,
  penalty: number,
  learningRate: number,
  threads: number,
): Promise<{ readonly loss: number; readonly weight: number }> {
  const { dims, hidden, classes } = state.sizes;
  const { weights, groups } = state;
  const { features, labels, sampleWeights } = table;
  const count = rows.length;
  const weight = sampleWeights === undefined ? count : rows.reduce((sum, row) => sum + valueAt(sampleWeights, row), 0);
  if (weight === 0) return { loss: 0, weight };
  const padded = padRows(count, hidden, state.batch.rowShares.length);
  const batch = state.batch.rows.subarray(0, padded * dims).fill(0, count * dims);
  const hiddenError = state.batch.hiddenError.subarray(0, padded * hidden);
  const truth = state.batch.truth.subarray(0, padded * classes).fill(0);
  const error = state.batch.error.subarray(0, padded * classes);
  const rowShares = state.batch.rowShares.subarray(0, padded).fill(0, count);
  const rowLosses = state.batch.rowLosses.subarray(0, padded);
  rows.forEach((row, i) => {
    batch.set(features.data.subarray(row * dims, (row + 1) * dims), i * dims);
    truth[i * classes + valueAt(labels, row)] = 1;
    rowShares[i] = (sampleWeights?.[row] ?? 1) / weight;
  });
  const session = await stepSession(padded, state.sizes, threads);
  await session.run(
    {
      rows: float32Tensor(batch, [padded, dims]),
      hiddenWeights: float32Tensor(weights.hiddenWeights, [dims, hidden]),
      hiddenBias: float32Tensor(weights.hiddenBias, [1, hidden]),
      outputWeights: float32Tensor(weights.outputWeights, [hidden, classes]),
      outputBias: float32Tensor(weights.outputBias, [1, classes]),
      truth: float32Tensor(truth, [padded, classes]),
      rowShares: float32Tensor(rowShares, [padded, 1]),
    },
    {
      hiddenGradient: float32Tensor(groups.hiddenWeights.gradient, [dims, hidden]),
      outputGradient: float32Tensor(groups.outputWeights.gradient, [hidden, classes]),
      hiddenError: float32Tensor(hiddenError, [padded, hidden]),
      error: float32Tensor(error, [padded, classes]),
      logProbability: float32Tensor(rowLosses, [padded]),
    },
  );
  sumRows(hiddenError, hidden, groups.hiddenBias.gradient);
  sumRows(error, classes, groups.outputBias.gradient);
  const step = ++state.step;
  const decay = penalty / count;
  groups.hiddenWeights.move(decay, step, learningRate);
  groups.hiddenBias.move(0, step, learningRate);
  groups.outputWeights.move(decay, step, learningRate);
  groups.outputBias.move(0, step, learningRate);
  const loss = rowLosses.reduce((sum, one, i) => sum - one * valueAt(rowShares, i) * weight, 0);
  return { loss, weight };
}

/** Class probabilities, [rows, classes]. */
export async function mlpProbabilities(
  weights: MlpWeights,
  sizes: MlpSizes,
  features: Matrix,
  threads: number,
): Promise<Matrix> {
  const { dims, hidden, classes } = sizes;
  const { rowCount } = features;
  const data = new Float32Array(rowCount * classes);
  const hiddenMatrix = { rowCount: dims, columnCount: hidden, data: weights.hiddenWeights };
  const outputMatrix = { rowCount: hidden, columnCount: classes, data: weights.outputWeights };
  for (let first = 0; first < rowCount; first += predictRows) {
    const count = Math.min(predictRows, rowCount - first);
    const rows = features.data.subarray(first * dims, (first + count) * dims);
    const layer = await multiply({ rowCount: count, columnCount: dims, data: rows }, hiddenMatrix, { threads });
    addRowVector(layer.data, weights.hiddenBias);
    rectify(layer.data);
    const scores = data.subarray(first * classes, (first + count) * classes);
    await multiply(layer, outputMatrix, { threads }, scores);
    addRowVector(scores, weights.outputBias);
    softmaxRows(scores, classes);
  }
  return { rowCount, columnCount: classes, data };
}

/**
 * Rows of a step including padding: a batch slightly smaller than the hidden layer is padded with rows of weight 0, so
 * that `isThreadInvariant` holds.
 */
function padRows(count: number, hidden: number, room: number): number {
  return count < hidden && 2 * count >= hidden && hidden <= room ? hidden : count;
}

function stepSession(rows: number, { dims, hidden, classes }: MlpSizes, threads: number) {
  // If a product could sum in another order on more threads, all run on one.
  const products = [
    [rows, hidden],
    [rows, classes],
    [hidden, classes],
    [dims, hidden],
  ] as const;
  const invariant = products.every(([count, columns]) => isThreadInvariant(count, columns));
  return graphSession('mlp-step', invariant ? threads : 1, buildStep);
}

function buildStep(graph: GraphBuilder): void {
  const rows = graph.input('rows', 'float32', ['rows', 'dims']);
  const hiddenWeights = graph.input('hiddenWeights', 'float32', ['dims', 'hidden']);
  const hiddenBias = graph.input('hiddenBias', 'float32', [1, 'hidden']);
  const outputWeights = graph.input('outputWeights', 'float32', ['hidden', 'classes']);
  const outputBias = graph.input('outputBias', 'float32', [1, 'classes']);
  const truth = graph.input('truth', 'float32', ['rows', 'classes']);
  const rowShares = graph.input('rowShares', 'float32', ['rows', 1]);

  const layer = graph.node('Relu', [graph.node('Gemm', [rows, hiddenWeights, hiddenBias])]);
  const scores = graph.node('Gemm', [layer, outputWeights, outputBias]);
  const logProbabilities = graph.node('LogSoftmax', [scores], { axis: -1 });
  const classAxis = graph.initializer('classAxis', { type: 'int64', shape: [1], data: BigInt64Array.of(1n) });
  const own = graph.node('Mul', [truth, logProbabilities]);
  graph.node('ReduceSum', [own, classAxis], { keepdims: 0 }, { outputs: ['logProbability'] });

  const difference = graph.node('Sub', [graph.node('Exp', [logProbabilities]), truth]);
  const error = graph.node('Mul', [difference, rowShares], {}, { outputs: ['error'] });
  graph.node('Gemm', [layer, error], { transA: 1 }, { outputs: ['outputGradient'] });
  // The layer is non-negative, so its sign is the derivative of the ReLU.
  const passedBack = graph.node('Gemm', [error, outputWeights], { transB: 1 });
  const hiddenError = graph.node('Mul', [passedBack, graph.node('Sign', [layer])], {}, { outputs: ['hiddenError'] });
  graph.node('Gemm', [rows, hiddenError], { transA: 1 }, { outputs: ['hiddenGradient'] });
  graph.output('hiddenGradient', 'float32', ['dims', 'hidden']);
  graph.output('outputGradient', 'float32', ['hidden', 'classes']);
  graph.output('hiddenError', 'float32', ['rows', 'hidden']);
  graph.output('error', 'float32', ['rows', 'classes']);
  graph.output('logProbability', 'float32', ['rows']);
}
