import type { Matrix } from '../../features/matrix.ts';
import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import type { RandomState } from '../mt19937.kernel.ts';
import type { Table } from '../table.ts';
import type { Moments } from './adam.kernel.ts';
import { addRowVector, softmaxRows } from './linear-loss.kernel.ts';
import { multiply } from './matmul.ts';
import { penalizedAdamStep, rectify, sumRows } from './mlp.kernel.ts';
import { float32Tensor, graphSession, isThreadInvariant } from './ort-session.ts';

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

/** Where a training run stands. */
export interface MlpState {
  readonly sizes: MlpSizes;
  readonly weights: MlpWeights;
  readonly moments: Readonly<Record<keyof MlpWeights, Moments>>;
  step: number;
}

/** Rows that are predicted at a time. */
const predictRows = 4096;

/** Weights as scikit-learn's MLPClassifier draws them: uniform within sqrt(6 / (inputs + outputs)), biases too. */
export function startMlp(sizes: MlpSizes, random: RandomState): MlpState {
  const { dims, hidden, classes } = sizes;
  const hiddenBound = Math.sqrt(6 / (dims + hidden));
  const outputBound = Math.sqrt(6 / (hidden + classes));
  const draw = (count: number, bound: number): Float32Array =>
    Float32Array.from({ length: count }, () => bound * (2 * random.double() - 1));
  const weights: MlpWeights = {
    hiddenWeights: draw(dims * hidden, hiddenBound),
    hiddenBias: draw(hidden, hiddenBound),
    outputWeights: draw(hidden * classes, outputBound),
    outputBias: draw(classes, outputBound),
  };
  const empty = (values: Float32Array): Moments => ({
    first: new Float64Array(values.length),
    second: new Float64Array(values.length),
  });
  return {
    sizes,
    weights,
    moments: {
      hiddenWeights: empty(weights.hiddenWeights),
      hiddenBias: empty(weights.hiddenBias),
      outputWeights: empty(weights.outputWeights),
      outputBias: empty(weights.outputBias),
    },
    step: 0,
  };
}

/**
 * One step of Adam on the mean cross-entropy of a batch, each row counted by its weight, plus the L2 penalty of both
 * weight matrices, `penalty / 2 / rows` times their sum of squares (scikit-learn's alpha).
 *
 * @returns the batch's cross-entropy times its weight, and its weight
 */
export async function mlpStep(
  state: MlpState,
  batch: Table,
  penalty: number,
  learningRate: number,
  threads: number,
): Promise<{ readonly loss: number; readonly weight: number }> {
  const { dims, hidden, classes } = state.sizes;
  const { weights, moments } = state;
  const rows = batch.labels.length;
  const weight = batch.sampleWeights?.reduce((sum, one) => sum + one, 0) ?? rows;
  if (weight === 0) return { loss: 0, weight };
  const truth = new Float32Array(rows * classes);
  batch.labels.forEach((label, row) => {
    truth[row * classes + label] = 1;
  });
  const rowShares = Float32Array.from({ length: rows }, (_, row) => (batch.sampleWeights?.[row] ?? 1) / weight);
  const gradients = {
    hiddenWeights: new Float32Array(dims * hidden),
    outputWeights: new Float32Array(hidden * classes),
  };
  const hiddenError = new Float32Array(rows * hidden);
  const error = new Float32Array(rows * classes);
  const rowLosses = new Float32Array(rows);
  const session = await stepSession(rows, state.sizes, threads);
  await session.run(
    {
      rows: float32Tensor(batch.features.data, [rows, dims]),
      hiddenWeights: float32Tensor(weights.hiddenWeights, [dims, hidden]),
      hiddenBias: float32Tensor(weights.hiddenBias, [1, hidden]),
      outputWeights: float32Tensor(weights.outputWeights, [hidden, classes]),
      outputBias: float32Tensor(weights.outputBias, [1, classes]),
      truth: float32Tensor(truth, [rows, classes]),
      rowShares: float32Tensor(rowShares, [rows, 1]),
    },
    {
      hiddenGradient: float32Tensor(gradients.hiddenWeights, [dims, hidden]),
      outputGradient: float32Tensor(gradients.outputWeights, [hidden, classes]),
      hiddenError: float32Tensor(hiddenError, [rows, hidden]),
      error: float32Tensor(error, [rows, classes]),
      logProbability: float32Tensor(rowLosses, [rows]),
    },
  );
  const step = ++state.step;
  const decay = penalty / rows;
  penalizedAdamStep(weights.hiddenWeights, gradients.hiddenWeights, decay, moments.hiddenWeights, step, learningRate);
  penalizedAdamStep(weights.hiddenBias, sumRows(hiddenError, hidden), 0, moments.hiddenBias, step, learningRate);
  penalizedAdamStep(weights.outputWeights, gradients.outputWeights, decay, moments.outputWeights, step, learningRate);
  penalizedAdamStep(weights.outputBias, sumRows(error, classes), 0, moments.outputBias, step, learningRate);
  const loss = rowLosses.reduce((sum, one, row) => sum - one * (rowShares[row] as number) * weight, 0);
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

function stepSession(rows: number, { dims, hidden, classes }: MlpSizes, threads: number) {
  // Where one of the products could sum in another order on more threads, all of them run on one.
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
  // The layer is 0 or more, so its sign is the slope of the rectifier.
  const passedBack = graph.node('Gemm', [error, outputWeights], { transB: 1 });
  const hiddenError = graph.node('Mul', [passedBack, graph.node('Sign', [layer])], {}, { outputs: ['hiddenError'] });
  graph.node('Gemm', [rows, hiddenError], { transA: 1 }, { outputs: ['hiddenGradient'] });
  graph.output('hiddenGradient', 'float32', ['dims', 'hidden']);
  graph.output('outputGradient', 'float32', ['hidden', 'classes']);
  graph.output('hiddenError', 'float32', ['rows', 'hidden']);
  graph.output('error', 'float32', ['rows', 'classes']);
  graph.output('logProbability', 'float32', ['rows']);
}
