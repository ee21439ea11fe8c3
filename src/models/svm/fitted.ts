import { availableParallelism } from 'node:os';
import { transpose } from '../../numerics/arrays.kernel.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { checkFeatures, savedArray } from '../checks.ts';
import { fittedHead } from '../fitted-head.ts';
import type { FittedHead, Json, SavedHead } from '../model.ts';
import { type BinaryClassifiers, forEachBlock } from './binary-classifiers.ts';
import { squaredNorms } from './gram/gram.kernel.ts';
import type { Kernel } from './gram/gram.ts';
import { oneVsRestScores, voteWinners } from './pair-values.kernel.ts';
import { type ProbabilityCalibration, probabilities, uncalibrated } from './probabilities.ts';

/** A fitted SVM as data; everything but `threads` is saved. */
interface SvmState {
  readonly solver: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly classes: readonly string[];
  readonly classifiers: BinaryClassifiers;
  /** Class number of each present class: classes without training rows have no classifier. */
  readonly present: Int32Array;
  /** Row of the training table of each support vector. */
  readonly supportRows: Int32Array;
  readonly calibration: ProbabilityCalibration;
  readonly converged: boolean;
  readonly iterations: number;
  readonly warnings: readonly string[];
  readonly details: Readonly<Record<string, Json>>;
  readonly threads: number;
}

export interface FittedSvm extends FittedHead {
  /** Row of the training table of each support vector, class by class. */
  readonly supportRows: Int32Array;
  /** Class number of each column of `decisionValues(…, 'ovr')`, and of the pairs of 'ovo'. */
  readonly present: Int32Array;
  /**
   * 'ovo': one value per pair of classes that had training rows, positive for the lower one, [rows, pairs].
   * 'ovr': votes with confidences, [rows, classes]; scikit-learn's decision_function of either shape.
   */
  decisionValues(features: Matrix, shape: 'ovo' | 'ovr'): Promise<Matrix>;
}

export function fittedSvm(state: SvmState): FittedSvm {
  const { classifiers, present, classes } = state;
  const dims = classifiers.vectors.columnCount;
  const presentCount = present.length;
  const pairCount = classifiers.rho.length;
  const context = { threads: state.threads };
  const blocks = (features: Matrix, each: Parameters<typeof forEachBlock>[3]): Promise<void> => {
    checkFeatures(features, dims, 'svm');
    return forEachBlock(classifiers, features, context, each);
  };

  return fittedHead({
    model: 'svm',
    solver: state.solver,
    params: state.params,
    classes,
    dims,
    converged: state.converged,
    iterations: state.iterations,
    warnings: state.warnings,
    details: state.details,
    supportRows: state.supportRows,
    present,

    async predict(features) {
      const out = new Int32Array(features.rowCount);
      await blocks(features, (values, first, rowCount) => {
        const winners = voteWinners(values, presentCount, rowCount);
        for (let row = 0; row < rowCount; row++) out[first + row] = valueAt(present, valueAt(winners, row));
      });
      return out;
    },

    calibrated: state.params['calibrate'] !== 'none',
    async predictBoth(features, options) {
      const calibration = options?.uncalibrated === true ? uncalibrated : state.calibration;
      const predicted = new Int32Array(features.rowCount);
      const data = new Float32Array(features.rowCount * classes.length);
      await blocks(features, (values, first, rowCount) => {
        const winners = voteWinners(values, presentCount, rowCount);
        const p = probabilities(calibration, values, presentCount, rowCount);
        for (let row = 0, from = 0; row < rowCount; row++) {
          predicted[first + row] = valueAt(present, valueAt(winners, row));
          const to = (first + row) * classes.length;
          for (const c of present) data[to + c] = valueAt(p, from++);
        }
      });
      return { predicted, probabilities: { rowCount: features.rowCount, columnCount: classes.length, data } };
    },

    async decisionValues(features: Matrix, shape: 'ovo' | 'ovr'): Promise<Matrix> {
      const columnCount = shape === 'ovo' ? pairCount : presentCount;
      const data = new Float32Array(features.rowCount * columnCount);
      await blocks(features, (values, first, rowCount) => {
        if (shape === 'ovr') data.set(oneVsRestScores(values, presentCount, rowCount), first * columnCount);
        else transpose(values, pairCount, rowCount, data.subarray(first * pairCount));
      });
      return { rowCount: features.rowCount, columnCount, data };
    },

    savedDetails: {
      ...state.details,
      converged: state.converged,
      iterations: state.iterations,
      warnings: state.warnings,
      kernel: { ...classifiers.kernel },
      calibration: { ...state.calibration },
    },
    arrays: () => {
      const vectorCount = classifiers.vectors.rowCount;
      return {
        vectors: { shape: [vectorCount, dims], data: classifiers.vectors.data },
        centre: { shape: [dims], data: classifiers.centre },
        vectorStart: { shape: [presentCount + 1], data: classifiers.vectorStart },
        coefficients: { shape: [vectorCount, presentCount - 1], data: classifiers.coefficients },
        rho: { shape: [pairCount], data: classifiers.rho },
        present: { shape: [presentCount], data: present },
        supportRows: { shape: [vectorCount], data: state.supportRows },
      };
    },
  });
}

/** @throws UserError if the saved head is damaged */
export function loadSvm(saved: SavedHead): FittedSvm {
  const present = savedArray(saved, 'present', Int32Array, [null]);
  const presentCount = present.length;
  const coefficients = savedArray(saved, 'coefficients', Float64Array, [null, presentCount - 1]);
  const vectorCount = coefficients.length / (presentCount - 1);
  const data = savedArray(saved, 'vectors', Float32Array, [vectorCount, saved.dims]);
  const vectorStart = savedArray(saved, 'vectorStart', Int32Array, [presentCount + 1]);
  const ordered = vectorStart.every((start, i) => start >= (i === 0 ? 0 : valueAt(vectorStart, i - 1)));
  if (!ordered || vectorStart[0] !== 0 || vectorStart[presentCount] !== vectorCount) {
    throw notWhole('array vectorStart', `${vectorStart.join(', ')}`, `rising from 0 to ${vectorCount}`);
  }
  const strange = present.find((c, i) => c < 0 || c >= saved.classes.length || (i > 0 && c <= valueAt(present, i - 1)));
  if (strange !== undefined) {
    throw notWhole('array present', String(strange), `rising class numbers below ${saved.classes.length}`);
  }
  const { converged, iterations, warnings, kernel: _kernel, calibration: _calibration, ...details } = saved.details;
  return fittedSvm({
    solver: saved.solver,
    params: saved.params,
    classes: saved.classes,
    classifiers: {
      kernel: savedKernel(saved),
      centre: savedArray(saved, 'centre', Float64Array, [saved.dims]),
      vectors: {
        rowCount: vectorCount,
        columnCount: saved.dims,
        data,
        squaredNorms: squaredNorms(data, vectorCount, saved.dims),
      },
      vectorStart,
      coefficients,
      rho: savedArray(saved, 'rho', Float64Array, [(presentCount * (presentCount - 1)) / 2]),
    },
    present,
    supportRows: savedArray(saved, 'supportRows', Int32Array, [vectorCount]),
    calibration: savedCalibration(saved),
    converged: converged === true,
    iterations: typeof iterations === 'number' ? iterations : 0,
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
    details,
    threads: availableParallelism(),
  });
}

/** The kernel of a saved head. @throws UserError if it is none */
export function savedKernel({ details: { kernel } }: SavedHead): Kernel {
  const { name, gamma } = fields(kernel, 'kernel');
  if (name === 'linear') return { name };
  if (name === 'rbf' && typeof gamma === 'number' && gamma > 0) return { name, gamma };
  throw notWhole('kernel', JSON.stringify(kernel), 'linear, or rbf with its gamma');
}

/** How a saved head makes probabilities. @throws UserError if it does not say */
export function savedCalibration({ details: { calibration } }: SavedHead): ProbabilityCalibration {
  const { slope, offset, heldOutRows, folds, foldsOf } = fields(calibration, 'calibration');
  if (
    ![slope, offset, heldOutRows, folds, foldsOf].every((value) => typeof value === 'number' && Number.isFinite(value))
  ) {
    throw notWhole(
      'calibration',
      JSON.stringify(calibration),
      'slope, offset, heldOutRows, folds and foldsOf as numbers',
    );
  }
  return { slope, offset, heldOutRows, folds, foldsOf } as ProbabilityCalibration;
}

function fields(value: Json | undefined, name: string): { readonly [key: string]: Json } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as { readonly [key: string]: Json };
  }
  throw notWhole(name, String(value), 'an object');
}

function notWhole(where: string, found: string, expected: string): UserError {
  return new UserError({
    what: 'the saved head is damaged',
    where: `${where} of the saved svm head`,
    found,
    expected,
  });
}
