import { addTo, transpose } from '../../numerics/arrays.kernel.ts';
import { gemm64, type Matrix64 } from '../../numerics/gemm64.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import type { FitContext } from '../model.ts';
import { alphaList, groupsOf } from './alphas.ts';
import { cutBlock } from './block-tridiagonal.kernel.ts';
import { blockTridiagonalize } from './block-tridiagonal.ts';
import { columnPanel, type Problem, panelColumns, prepare, rowBlock, targetBlock } from './problem.ts';
import { addBlock, divideRows, leftOutSquares, squaresOf } from './ridge.kernel.ts';
import { factorShifted, inverseForms, type ShiftedFactors, solveShifted } from './shifted.ts';

type RidgeContext = Pick<FitContext, 'threads' | 'signal'>;

interface Tried {
  readonly alpha: number;
  /** Mean squared leave-one-out error, of rows whose class has another row. */
  readonly error: number;
}

interface Solved {
  /** [dims, classes] */
  readonly weights: Float64Array;
  readonly alpha: number;
  readonly tried: readonly Tried[];
  /** [rows, classes], of weighted rows. */
  readonly leftOutResiduals: Float64Array;
}

interface RidgeSolution extends Omit<Solved, 'leftOutResiduals'> {
  /** [classes] */
  readonly bias: Float64Array;
  /** [rows, classes]: each row's scores by the fit without it. */
  readonly leftOutScores: Float64Array;
}

/** Rows converted to float64 at a time. */
const blockRows = 1024;

/**
 * Ridge regression on targets 1 and -1 per class, in closed form for all alphas at once: scikit-learn's RidgeClassifierCV with
 * leave-one-out errors (Rifkin and Lippert, "Notes on Regularized Least Squares", 2007). The smaller of the rows' Gram matrix
 * and the features' covariance is reduced to block tridiagonal form once; each alpha then costs a solve with narrow blocks.
 * All in float64; the intercept is not penalized.
 *
 * @param weights [rows], above 0, or null
 * @param alphas penalties to choose from; `auto` tries 15 around the mean eigenvalue
 * @throws InterruptedError if the signal is aborted
 */
export async function solveRidge(
  features: Matrix,
  labels: Int32Array,
  classCount: number,
  weights: Float64Array | null,
  alphas: readonly number[] | 'auto',
  context: RidgeContext,
): Promise<RidgeSolution> {
  const problem = prepare(features, labels, classCount, weights);
  const { leftOutResiduals, ...solution } = await (features.rowCount <= features.columnCount
    ? solveByRows(problem, alphas, context)
    : solveByFeatures(problem, alphas, context));
  const { rowCount, columnCount: dims } = features;
  const leftOutScores = leftOutResiduals;
  for (let row = 0, at = 0; row < rowCount; row++) {
    for (let c = 0; c < classCount; c++, at++) {
      leftOutScores[at] = (c === labels[row] ? 1 : -1) - leftOutScores[at]! / problem.rowFactors[row]!;
    }
  }
  const bias = problem.targetMeans.slice();
  for (let d = 0; d < dims; d++) {
    for (let c = 0; c < classCount; c++) {
      bias[c] = bias[c]! - problem.featureMeans[d]! * solution.weights[d * classCount + c]!;
    }
  }
  return { ...solution, bias, leftOutScores };
}

/** At most as many rows as features: by the rows' Gram matrix. */
async function solveByRows(
  problem: Problem,
  alphas: readonly number[] | 'auto',
  context: RidgeContext,
): Promise<Solved> {
  const { rowCount } = problem.features;
  const { classCount, rowShares, judged, few } = problem;
  const judgedCount = countOf(judged);
  const rows = rowBlock(problem, 0, rowCount);
  await pauseForInterrupt(context.signal);
  const gram = await gemm64('transposeRight', rows, rows, context.threads);
  const form = await blockTridiagonalize(gram.data, rowCount, context);
  const { rotation } = form;
  const turned = await gemm64('transposeLeft', rotation, targetBlock(problem, 0, rowCount), context.threads);
  let best: { alpha: number; error: number; dual: Matrix64; residuals: Float64Array } | undefined;
  const tried: Tried[] = [];
  for (const penalties of groupsOf(alphaList(alphas, form.diagonal, few), classCount)) {
    await pauseForInterrupt(context.signal);
    const factors = factorShifted(form, penalties);
    const inner = await solveShifted(factors, turned, context.threads);
    const duals = await gemm64('plain', rotation, inner, context.threads);
    const forms = await formsOfRows(factors, rotation, context);
    for (const [a, alpha] of penalties.entries()) {
      // A row's residual is alpha times its dual coefficient; without the row, it grows by this.
      const own = forms.subarray(a * rowCount, (a + 1) * rowCount);
      const growth = own.map((form, row) => Math.max(form - rowShares[row]! / alpha, 1e-10 / alpha));
      const dual = columnsOf(duals, a * classCount, classCount);
      const residuals = dual.data.slice();
      divideRows(residuals, classCount, growth);
      const error = squaresOf(residuals, classCount, judged) / (judgedCount * classCount);
      tried.push({ alpha, error });
      if (best === undefined || error < best.error) best = { alpha, error, dual, residuals };
    }
  }
  if (best === undefined) throw new RangeError('ridge needs at least one alpha');
  const weights = await gemm64('transposeLeft', rows, best.dual, context.threads);
  return { weights: weights.data, alpha: best.alpha, tried, leftOutResiduals: best.residuals };
}

/** The inverse forms of the rows of a square matrix: [shifts, rows]. */
async function formsOfRows(
  factors: ShiftedFactors,
  { rowCount, data }: Matrix64,
  context: RidgeContext,
): Promise<Float64Array> {
  const forms = new Float64Array(factors.shifts * rowCount);
  for (let first = 0; first < rowCount; first += blockRows) {
    await pauseForInterrupt(context.signal);
    const count = Math.min(blockRows, rowCount - first);
    const own = data.subarray(first * rowCount, (first + count) * rowCount);
    const part = transpose(own, count, rowCount, new Float64Array(own.length));
    const found = await inverseForms(factors, { rowCount, columnCount: count, data: part }, context.threads);
    for (let s = 0; s < factors.shifts; s++) {
      forms.set(found.subarray(s * count, (s + 1) * count), s * rowCount + first);
    }
  }
  return forms;
}

interface Candidate {
  readonly alpha: number;
  /** [rows]: 1 - leverage, the share of a row's residual that remains when the row is fitted. */
  readonly left: Float64Array;
  squares: number;
}

/** More rows than features: by the features' covariance, in blocks of rows. */
async function solveByFeatures(
  problem: Problem,
  alphas: readonly number[] | 'auto',
  context: RidgeContext,
): Promise<Solved> {
  const { rowCount, columnCount: dims } = problem.features;
  const { classCount, rowShares, judged, few } = problem;
  const covariance = new Float64Array(dims * dims);
  const products = new Float64Array(dims * classCount);
  for (let first = 0; first < rowCount; first += blockRows) {
    await pauseForInterrupt(context.signal);
    const targets = targetBlock(problem, first, blockRows);
    const panels: Matrix64[] = [];
    for (let start = 0; start < dims; start += panelColumns) {
      const panel = columnPanel(problem, first, targets.rowCount, start);
      const own = (await gemm64('transposeLeft', panel, targets, context.threads)).data;
      addTo(products.subarray(start * classCount, start * classCount + own.length), own);
      panels.push(panel);
      // Only the lower triangle is read.
      for (const [p, other] of panels.entries()) {
        const { data, columnCount } = await gemm64('transposeLeft', panel, other, context.threads);
        addBlock(covariance, dims, start, p * panelColumns, data, columnCount);
      }
    }
  }
  const form = await blockTridiagonalize(covariance, dims, context);
  const { rotation } = form;
  const crossProducts = { rowCount: dims, columnCount: classCount, data: products };
  const turned = await gemm64('transposeLeft', rotation, crossProducts, context.threads);
  const groups: { candidates: Candidate[]; factors: ShiftedFactors; inner: Matrix64 }[] = [];
  for (const penalties of groupsOf(alphaList(alphas, form.diagonal, few), classCount)) {
    await pauseForInterrupt(context.signal);
    const factors = factorShifted(form, penalties);
    const inner = await solveShifted(factors, turned, context.threads);
    const candidates = penalties.map((alpha) => ({ alpha, left: new Float64Array(rowCount), squares: 0 }));
    groups.push({ candidates, factors, inner });
  }
  for (let first = 0; first < rowCount; first += blockRows) {
    await pauseForInterrupt(context.signal);
    const block = rowBlock(problem, first, blockRows);
    const columns = await gemm64('transposeBoth', rotation, block, context.threads);
    const targets = targetBlock(problem, first, block.rowCount).data;
    for (const { candidates, factors, inner } of groups) {
      const forms = await inverseForms(factors, columns, context.threads);
      const fitted = (await gemm64('transposeLeft', columns, inner, context.threads)).data;
      for (const [a, candidate] of candidates.entries()) {
        const left = candidate.left.subarray(first, first + block.rowCount);
        for (let i = 0; i < left.length; i++) {
          left[i] = Math.max(1 - forms[a * left.length + i]! - rowShares[first + i]!, 1e-10);
        }
        const counted = judged.subarray(first, first + left.length);
        candidate.squares += leftOutSquares(targets, fitted, a * classCount, classCount, left, counted);
      }
      await pauseForInterrupt(context.signal);
    }
  }
  const tried = groups.flatMap(({ candidates, inner }) =>
    candidates.map((candidate, a) => ({ ...candidate, inner, column: a * classCount })),
  );
  const best = tried.reduce((a, b) => (b.squares < a.squares ? b : a));
  const weights = await gemm64('plain', rotation, columnsOf(best.inner, best.column, classCount), context.threads);
  const leftOutResiduals = new Float64Array(rowCount * classCount);
  for (let first = 0; first < rowCount; first += blockRows) {
    await pauseForInterrupt(context.signal);
    const rows = rowBlock(problem, first, blockRows);
    const residuals = targetBlock(problem, first, rows.rowCount).data;
    const fitted = (await gemm64('plain', rows, weights, context.threads)).data;
    for (let i = 0; i < residuals.length; i++) residuals[i] = residuals[i]! - fitted[i]!;
    divideRows(residuals, classCount, best.left.subarray(first, first + rows.rowCount));
    leftOutResiduals.set(residuals, first * classCount);
  }
  return {
    weights: weights.data,
    alpha: best.alpha,
    tried: tried.map(({ alpha, squares }) => ({ alpha, error: squares / (countOf(judged) * classCount) })),
    leftOutResiduals,
  };
}

function countOf(judged: Uint8Array): number {
  return judged.reduce((sum, own) => sum + own, 0);
}

function columnsOf({ rowCount, columnCount, data }: Matrix64, first: number, count: number): Matrix64 {
  return { rowCount, columnCount: count, data: cutBlock(data, columnCount, 0, first, rowCount, count) };
}
