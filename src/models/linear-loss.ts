import type { GraphBuilder } from '../formats/onnx/graph-builder.ts';
import { float32Tensor, graphSession, isThreadInvariant } from '../numerics/graph-session.ts';
import { accumulate, accumulateRows, weightedSum } from '../numerics/linear-loss.kernel.ts';
import type { ProductContext } from '../numerics/matmul.ts';
import { alongPass, isStored, type RowSource, rowPass } from '../rows/row-source.ts';
import type { Table } from '../rows/table.ts';
import { pauseForInterrupt } from '../system/interrupt.ts';
import { runtime } from '../system/onnx-runtime.ts';

/** Parameters of a linear model: scores = rows · weights + bias. */
export interface LinearState {
  /** [dims, classes] */
  readonly weights: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
}

/** `softmax`: cross-entropy in nats. `squaredHinge`: one-vs-rest, summed over the classes. */
type LossKind = 'softmax' | 'squaredHinge';

/** Resolves to the loss, summed over the rows times their weights, and writes its gradients: [dims, classes], [classes]. */
type LinearLoss = (state: LinearState, weightGradient: Float64Array, biasGradient: Float64Array) => Promise<number>;

/**
 * Adds the gradients of some rows, and resolves to their loss.
 *
 * @param rows [labels.length, dims]
 * @param rowWeights [labels.length]
 */
type BlockLoss = (
  state: LinearState,
  rows: Float32Array,
  labels: Int32Array,
  rowWeights: Float32Array,
  weightGradient: Float64Array,
  biasGradient: Float64Array,
) => Promise<number>;

export interface LossContext extends ProductContext {
  /** Called after each block with its number of rows. */
  readonly onRows?: ((count: number) => void) | undefined;
}

/** Multiply-adds per `run()`: about a fifth of a second on two cores, so that Ctrl-C is noticed. */
const blockMultiplyAdds = 5e9;
/** Features per block, 16 MiB: the second product finds them in the cache. */
const blockFeatures = 1 << 22;
/** Numbers per [block rows, classes] array, of which ONNX Runtime holds a few at a time. */
const blockScores = 1 << 22;
/** The same for rows on disk, to save memory. */
const storedBlockScores = 1 << 18;

/** Rows per block in memory; depends only on the shape, so that sums do not depend on the machine. */
export function lossBlockRows(dims: number, classCount: number): number {
  const byWork = blockMultiplyAdds / (dims * classCount);
  return Math.max(64, Math.floor(Math.min(byWork, blockFeatures / dims, blockScores / classCount)));
}

/** The same for rows on disk. */
export function storedBlockRows(dims: number, classCount: number): number {
  return Math.max(64, Math.min(lossBlockRows(dims, classCount), Math.floor(storedBlockScores / classCount)));
}

/**
 * The loss of a linear model over a table, with its gradient: one ONNX graph with two products and the loss between
 * them, evaluated per block of rows, in memory or on disk. Features are not copied. Sums over blocks are float64; the
 * result is bitwise independent of the number of threads.
 *
 * @param block of the same kind, dims and classes, whose arrays are reused; default: a new one
 */
export function linearLoss(
  kind: LossKind,
  table: Table<RowSource>,
  context: LossContext,
  block: BlockLoss = blockLoss(kind, table.features.columnCount, table.classes.length, context.threads),
): LinearLoss {
  const { features, classes, sampleWeights } = table;
  const blockRows = isStored(features) ? storedBlockRows : lossBlockRows;
  const pass = rowPass(features, blockRows(features.columnCount, classes.length));
  const labels = alongPass(pass, table.labels);
  const weightOfRow = alongPass(
    pass,
    Float32Array.from({ length: features.rowCount }, (_, row) => sampleWeights?.[row] ?? 1),
  );
  return async (state, weightGradient, biasGradient) => {
    weightGradient.fill(0);
    biasGradient.fill(0);
    let loss = 0;
    for await (const { start, rowCount, data } of pass.blocks()) {
      if (start > 0) await pauseForInterrupt(context.signal);
      const end = start + rowCount;
      const [ownLabels, ownWeights] = [labels.subarray(start, end), weightOfRow.subarray(start, end)];
      loss += await block(state, data, ownLabels, ownWeights, weightGradient, biasGradient);
      context.onRows?.(rowCount);
    }
    return loss;
  };
}

/** Loss and gradients of a block, in arrays reused by every block. */
export function blockLoss(kind: LossKind, dims: number, classCount: number, threads: number): BlockLoss {
  const gradientBlock = new Float32Array(dims * classCount);
  let residualBlock = new Float32Array(0);
  let minusOnes = new Float32Array(0);
  const depth = new (runtime().Tensor)('int32', Int32Array.of(classCount));
  return async (state, data, labels, rowWeights, weightGradient, biasGradient) => {
    const rows = labels.length;
    const session = await lossSession(kind, rows, dims, classCount, threads);
    if (residualBlock.length < rows * classCount) {
      residualBlock = new Float32Array(rows * classCount);
      minusOnes = new Float32Array(rows).fill(-1);
    }
    const residual = residualBlock.subarray(0, rows * classCount);
    const rowLoss = new Float32Array(rows);
    await session.run(
      {
        rows: float32Tensor(data, [rows, dims]),
        weights: float32Tensor(state.weights, [dims, classCount]),
        bias: float32Tensor(state.bias, [1, classCount]),
        labels: new (runtime().Tensor)('int32', labels.slice(), [rows, 1]),
        ...(kind === 'softmax' ? { minusOnes: float32Tensor(minusOnes.subarray(0, rows), [rows, 1]) } : { depth }),
        rowWeights: float32Tensor(rowWeights, [rows, 1]),
      },
      {
        gradient: float32Tensor(gradientBlock, [dims, classCount]),
        residual: float32Tensor(residual, [rows, classCount]),
        rowLoss: float32Tensor(rowLoss, [rows, 1]),
      },
    );
    accumulate(weightGradient, gradientBlock);
    accumulateRows(biasGradient, residual, classCount);
    return weightedSum(rowLoss, rowWeights);
  };
}

function lossSession(kind: LossKind, rows: number, dims: number, classCount: number, threads: number) {
  // Each product has more rows than columns, which makes its sums independent of the number of threads.
  const scoresTurned = classCount > rows;
  const gradientTurned = classCount > dims;
  const invariant =
    isThreadInvariant(Math.max(rows, classCount), Math.min(rows, classCount)) &&
    isThreadInvariant(Math.max(dims, classCount), Math.min(dims, classCount));
  const name = `${kind}${scoresTurned ? '-scores' : ''}${gradientTurned ? '-gradient' : ''}`;
  return graphSession(name, invariant ? threads : 1, (graph) => buildLoss(graph, kind, scoresTurned, gradientTurned));
}

function buildLoss(graph: GraphBuilder, kind: LossKind, scoresTurned: boolean, gradientTurned: boolean): void {
  const features = graph.input('rows', 'float32', ['rows', 'dims']);
  const weights = graph.input('weights', 'float32', ['dims', 'classes']);
  const bias = graph.input('bias', 'float32', [1, 'classes']);
  const labels = graph.input('labels', 'int32', ['rows', 1]);
  const rowWeights = graph.input('rowWeights', 'float32', ['rows', 1]);

  const scores = scoresTurned
    ? graph.node('Add', [
        graph.node('Transpose', [graph.node('Gemm', [weights, features], { transA: 1, transB: 1 })], { perm: [1, 0] }),
        bias,
      ])
    : graph.node('Gemm', [features, weights, bias]);
  const parts = { scores, labels, rowWeights };
  const residual = kind === 'softmax' ? buildSoftmax(graph, parts) : buildSquaredHinge(graph, parts);
  if (gradientTurned) {
    const turned = graph.node('Gemm', [residual, features], { transA: 1 });
    graph.node('Transpose', [turned], { perm: [1, 0] }, { outputs: ['gradient'] });
  } else {
    graph.node('Gemm', [features, residual], { transA: 1 }, { outputs: ['gradient'] });
  }
  graph.output('gradient', 'float32', ['dims', 'classes']);
  graph.output('residual', 'float32', ['rows', 'classes']);
  graph.output('rowLoss', 'float32', ['rows', 1]);
}

/** Names of the scores [rows, classes], and of the labels and weights of the rows [rows, 1]. */
type LossParts = Readonly<Record<'scores' | 'labels' | 'rowWeights', string>>;

/**
 * Adds `rowLoss` and the derivative of the loss by the scores, and returns the latter's name. Each row's own class is
 * gathered: a one-hot matrix would cost as much as everything else between the products.
 */
function buildSoftmax(graph: GraphBuilder, { scores, labels, rowWeights }: LossParts): string {
  const minusOnes = graph.input('minusOnes', 'float32', ['rows', 1]);
  const logProbabilities = graph.node('LogSoftmax', [scores], { axis: -1 });
  const own = graph.node('GatherElements', [logProbabilities, labels], { axis: 1 });
  graph.node('Neg', [own], {}, { outputs: ['rowLoss'] });
  const probabilities = graph.node('Exp', [logProbabilities]);
  const error = graph.node('ScatterElements', [probabilities, labels, minusOnes], { axis: 1, reduction: 'add' });
  return graph.node('Mul', [error, rowWeights], {}, { outputs: ['residual'] });
}

/** max(0, 1 - sign * score)², sign being 1 for a row's own class and -1 for every other. */
function buildSquaredHinge(graph: GraphBuilder, { scores, labels, rowWeights }: LossParts): string {
  const depth = graph.input('depth', 'int32', [1]);
  const offOn = graph.constant('offOn', Float32Array.of(-1, 1));
  const classAxis = graph.constant('classAxis', BigInt64Array.of(1n));
  const sign = graph.node('OneHot', [graph.node('Squeeze', [labels, classAxis]), depth, offOn], { axis: -1 });
  const one = graph.constant('one', Float32Array.of(1), []);
  const shortfall = graph.node('Relu', [graph.node('Sub', [one, graph.node('Mul', [sign, scores])])]);
  graph.node('ReduceSumSquare', [shortfall], { axes: [1], keepdims: 1 }, { outputs: ['rowLoss'] });
  const minusTwo = graph.constant('minusTwo', Float32Array.of(-2), []);
  const weighted = graph.node('Mul', [shortfall, graph.node('Mul', [rowWeights, minusTwo])]);
  return graph.node('Mul', [weighted, sign], {}, { outputs: ['residual'] });
}
