import { gemm64, type Matrix64 } from '../../numerics/gemm64.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { columnPanel, type Problem, panelColumns, prepare, rowBlock, targetBlock } from './problem.ts';
import { addBlock, addInto, divideRows } from './ridge.kernel.ts';
import { factorShifted, inverseForms, solveShifted } from './tridiagonal.kernel.ts';
import { tridiagonalize } from './tridiagonal.ts';

export interface RidgeContext {
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

export interface RidgeSolution {
  /** [dims, classes] */
  readonly weights: Float64Array;
  /** [classes] */
  readonly bias: Float64Array;
  readonly alpha: number;
  /** Mean squared leave-one-out error of each alpha tried. */
  readonly tried: readonly { readonly alpha: number; readonly error: number }[];
  /** [rows, classes]: each row's scores from the fit without it. */
  readonly leftOutScores: Float64Array;
}

/** Rows that are turned into float64 at a time. */
const blockRows = 1024;
/** Decades around the mean eigenvalue, in half steps, that `auto` tries. */
const autoDecades = { from: -4, to: 3, step: 0.5 } as const;

/**
 * Ridge regression on targets 1 and -1 per class, in closed form, for every alpha at once: scikit-learn's
 * RidgeClassifierCV with leave-one-out errors (Rifkin and Lippert, "Notes on Regularized Least Squares", 2007). The
 * smaller of the rows' Gram matrix and the features' covariance is brought to tridiagonal form once; each alpha then
 * costs a tridiagonal solve, and its leave-one-out errors need no eigenvectors. All in float64; the intercept is not
 * penalized.
 *
 * @param weights [rows], above 0, or null
 * @param alphas penalties to choose from; `auto` tries 15 around the mean eigenvalue
 * @throws InterruptedError when the signal is aborted
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
  const solution = await (features.rowCount <= features.columnCount
    ? solveByRows(problem, alphas, context)
    : solveByFeatures(problem, alphas, context));
  const { rowCount, columnCount: dims } = features;
  // What was left out are residuals of weighted rows: back to scores.
  const leftOutScores = solution.leftOutResiduals;
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
  return { weights: solution.weights, bias, alpha: solution.alpha, tried: solution.tried, leftOutScores };
}

interface Solved {
  readonly weights: Float64Array;
  readonly alpha: number;
  readonly tried: readonly { readonly alpha: number; readonly error: number }[];
  readonly leftOutResiduals: Float64Array;
}

/** At most as many rows as features: through the Gram matrix K of the rows. */
async function solveByRows(
  problem: Problem,
  alphas: readonly number[] | 'auto',
  context: RidgeContext,
): Promise<Solved> {
  const { rowCount } = problem.features;
  const { classCount, rowShares } = problem;
  const rows = rowBlock(problem, 0, rowCount);
  await pauseForInterrupt(context.signal);
  const gram = await gemm64('transposeRight', rows, rows, context.threads);
  const { diagonal, offDiagonal, rotation } = await tridiagonalize(gram.data, rowCount, context);
  const targets = targetBlock(problem, 0, rowCount);
  const turned = await gemm64('transposeLeft', rotation, targets, context.threads);

  let best: { alpha: number; error: number; dual: Matrix64; residuals: Float64Array } | undefined;
  const tried: { alpha: number; error: number }[] = [];
  for (const alpha of alphaList(alphas, diagonal)) {
    await pauseForInterrupt(context.signal);
    const factor = factorShifted(diagonal, offDiagonal, alpha);
    const inner = { ...turned, data: solveShifted(factor, turned.data, classCount) };
    const dual = await gemm64('plain', rotation, inner, context.threads);
    // The residual of a row is alpha times its dual coefficient; without the row itself it grows by this.
    const forms = inverseForms(factor, rotation.data, rowCount);
    const growth = forms.map((form, row) => Math.max(form - rowShares[row]! / alpha, 1e-10 / alpha));
    const residuals = dual.data.slice();
    const error = divideRows(residuals, classCount, growth) / residuals.length;
    tried.push({ alpha, error });
    if (best === undefined || error < best.error) best = { alpha, error, dual, residuals };
  }
  if (best === undefined) throw new RangeError('ridge needs at least one alpha');
  const weights = await gemm64('transposeLeft', rows, best.dual, context.threads);
  return { weights: weights.data, alpha: best.alpha, tried, leftOutResiduals: best.residuals };
}

/** More rows than features: through the features' covariance, a block of rows at a time. */
async function solveByFeatures(
  problem: Problem,
  alphas: readonly number[] | 'auto',
  context: RidgeContext,
): Promise<Solved> {
  const { rowCount, columnCount: dims } = problem.features;
  const { classCount, rowShares } = problem;
  const covariance = new Float64Array(dims * dims);
  const products = new Float64Array(dims * classCount);
  for (let first = 0; first < rowCount; first += blockRows) {
    await pauseForInterrupt(context.signal);
    const targets = targetBlock(problem, first, blockRows);
    const panels: Matrix64[] = [];
    for (let start = 0; start < dims; start += panelColumns) {
      const panel = columnPanel(problem, first, targets.rowCount, start);
      const own = (await gemm64('transposeLeft', panel, targets, context.threads)).data;
      addInto(products.subarray(start * classCount, start * classCount + own.length), own);
      panels.push(panel);
      // The lower triangle, which is all that is read of it.
      for (const [p, other] of panels.entries()) {
        const { data, columnCount } = await gemm64('transposeLeft', panel, other, context.threads);
        addBlock(covariance, dims, start, p * panelColumns, data, columnCount);
      }
    }
  }
  const { diagonal, offDiagonal, rotation } = await tridiagonalize(covariance, dims, context);
  const crossProducts = { rowCount: dims, columnCount: classCount, data: products };
  const turned = await gemm64('transposeLeft', rotation, crossProducts, context.threads);
  const candidates = alphaList(alphas, diagonal).map((alpha) => {
    const factor = factorShifted(diagonal, offDiagonal, alpha);
    const inner: Matrix64 = { ...turned, data: solveShifted(factor, turned.data, classCount) };
    return { alpha, factor, inner, left: new Float64Array(rowCount), squares: 0 };
  });
  for (let first = 0; first < rowCount; first += blockRows) {
    await pauseForInterrupt(context.signal);
    const rows = await gemm64('plain', rowBlock(problem, first, blockRows), rotation, context.threads);
    for (const candidate of candidates) {
      const left = candidate.left.subarray(first, first + rows.rowCount);
      // 1 - leverage: what is left of a row's residual when the row takes part in the fit.
      inverseForms(candidate.factor, rows.data, dims).forEach((form, i) => {
        left[i] = Math.max(1 - form - rowShares[first + i]!, 1e-10);
      });
      const residuals = await residualBlock(problem, first, rows, candidate.inner, context);
      candidate.squares += divideRows(residuals, classCount, left);
      await pauseForInterrupt(context.signal);
    }
  }
  const best = candidates.reduce((a, b) => (b.squares < a.squares ? b : a));
  const weights = await gemm64('plain', rotation, best.inner, context.threads);
  const leftOutResiduals = new Float64Array(rowCount * classCount);
  for (let first = 0; first < rowCount; first += blockRows) {
    await pauseForInterrupt(context.signal);
    const rows = rowBlock(problem, first, blockRows);
    const residuals = await residualBlock(problem, first, rows, weights, context);
    divideRows(residuals, classCount, best.left.subarray(first, first + rows.rowCount));
    leftOutResiduals.set(residuals, first * classCount);
  }
  const tried = candidates.map(({ alpha, squares }) => ({ alpha, error: squares / (rowCount * classCount) }));
  return { weights: weights.data, alpha: best.alpha, tried, leftOutResiduals };
}

async function residualBlock(
  problem: Problem,
  first: number,
  rows: Matrix64,
  weights: Matrix64,
  context: RidgeContext,
): Promise<Float64Array> {
  const residuals = targetBlock(problem, first, rows.rowCount).data;
  const fitted = (await gemm64('plain', rows, weights, context.threads)).data;
  for (let i = 0; i < residuals.length; i++) residuals[i] = residuals[i]! - fitted[i]!;
  return residuals;
}

function alphaList(alphas: readonly number[] | 'auto', diagonal: Float64Array): readonly number[] {
  if (alphas !== 'auto') return alphas;
  // The trace of T is the sum of the eigenvalues; constant features leave none.
  const scale = diagonal.reduce((sum, value) => sum + value, 0) / diagonal.length || 1;
  const count = Math.round((autoDecades.to - autoDecades.from) / autoDecades.step) + 1;
  return Array.from({ length: count }, (_, i) => scale * 10 ** (autoDecades.from + i * autoDecades.step));
}
