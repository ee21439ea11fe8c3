import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { float32Tensor, graphSession, isThreadInvariant } from '../../numerics/graph-session.ts';
import { addRowVector, softmaxRows } from '../../numerics/linear-loss.kernel.ts';
import { multiply } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { drawUniform, type RandomState } from '../../numerics/mt19937.kernel.ts';
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

interface MlpTrainer {
  /** Updated in place by every step. */
  readonly weights: MlpWeights;
  /**
   * One step of Adam on the weighted mean cross-entropy of a batch, plus the L2 penalty of both weight matrices, `penalty
   * / 2 / rows` times their sum of squares (scikit-learn's alpha).
   *
   * @param rows of the table, in the order of the batch
   * @returns the batch's cross-entropy times its weight, and its weight
   */
  step(table: Table, rows: Int32Array): Promise<{ readonly loss: number; readonly weight: number }>;
}

interface TrainerOptions {
  readonly batchRows: number;
  readonly penalty: number;
  readonly learningRate: number;
  readonly threads: number;
}

const predictRows = 4096;

/** Initial weights and biases are as in scikit-learn's MLPClassifier: uniform within sqrt(6 / (inputs + outputs)). */
export function openMlpTrainer(
  sizes: MlpSizes,
  { batchRows, penalty, learningRate, threads }: TrainerOptions,
  random: RandomState,
): MlpTrainer {
  const { dims, hidden, classes } = sizes;
  const draw = (count: number, bound: number): AdamGroup => {
    const group = openAdam(count);
    group.parameters.set(drawUniform(random, count, bound));
    return group;
  };
  const hiddenBound = Math.sqrt(6 / (dims + hidden));
  const outputBound = Math.sqrt(6 / (hidden + classes));
  const hiddenWeights = draw(dims * hidden, hiddenBound);
  const hiddenBias = draw(hidden, hiddenBound);
  const outputWeights = draw(hidden * classes, outputBound);
  const outputBias = draw(classes, outputBound);
  // Allocated once: new arrays at every step would accumulate until garbage collection.
  const batches = new Float32Array(batchRows * dims);
  const hiddenErrors = new Float32Array(batchRows * hidden);
  const truths = new Float32Array(batchRows * classes);
  const errors = new Float32Array(batchRows * classes);
  const shares = new Float32Array(batchRows);
  const losses = new Float32Array(batchRows);
  let step = 0;
  return {
    weights: {
      hiddenWeights: hiddenWeights.parameters,
      hiddenBias: hiddenBias.parameters,
      outputWeights: outputWeights.parameters,
      outputBias: outputBias.parameters,
    },
    step: async ({ features, labels, sampleWeights }, rows) => {
      const count = rows.length;
      const weightOf = (row: number): number => sampleWeights?.[row] ?? 1;
      const weight = rows.reduce((sum, row) => sum + weightOf(row), 0);
      if (weight === 0) return { loss: 0, weight };
      const padded = padRows(count, hidden, batchRows);
      const batch = batches.subarray(0, padded * dims).fill(0, count * dims);
      const hiddenError = hiddenErrors.subarray(0, padded * hidden);
      const truth = truths.subarray(0, padded * classes).fill(0);
      const error = errors.subarray(0, padded * classes);
      const rowShares = shares.subarray(0, padded).fill(0, count);
      const rowLosses = losses.subarray(0, padded);
      rows.forEach((row, i) => {
        batch.set(features.data.subarray(row * dims, (row + 1) * dims), i * dims);
        truth[i * classes + valueAt(labels, row)] = 1;
        rowShares[i] = weightOf(row) / weight;
      });
      const session = await stepSession(padded, sizes, threads);
      await session.run(
        {
          rows: float32Tensor(batch, [padded, dims]),
          hiddenWeights: float32Tensor(hiddenWeights.parameters, [dims, hidden]),
          hiddenBias: float32Tensor(hiddenBias.parameters, [1, hidden]),
          outputWeights: float32Tensor(outputWeights.parameters, [hidden, classes]),
          outputBias: float32Tensor(outputBias.parameters, [1, classes]),
          truth: float32Tensor(truth, [padded, classes]),
          rowShares: float32Tensor(rowShares, [padded, 1]),
        },
        {
          hiddenGradient: float32Tensor(hiddenWeights.gradient, [dims, hidden]),
          outputGradient: float32Tensor(outputWeights.gradient, [hidden, classes]),
          hiddenError: float32Tensor(hiddenError, [padded, hidden]),
          error: float32Tensor(error, [padded, classes]),
          logProbability: float32Tensor(rowLosses, [padded]),
        },
      );
      sumRows(hiddenError, hidden, hiddenBias.gradient);
      sumRows(error, classes, outputBias.gradient);
      step++;
      for (const group of [hiddenWeights, outputWeights]) group.move(penalty / count, step, learningRate);
      for (const group of [hiddenBias, outputBias]) group.move(0, step, learningRate);
      const loss = rowLosses.reduce((sum, one, i) => sum - one * valueAt(rowShares, i) * weight, 0);
      return { loss, weight };
    },
  };
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
  const classAxis = graph.constant('classAxis', BigInt64Array.of(1n));
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
