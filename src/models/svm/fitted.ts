import { availableParallelism } from 'node:os';
import type { Matrix } from '../../numerics/matrix.ts';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { checkFeatures, savedArray } from '../checks.ts';
import { fittedHead, savedFacts } from '../fitted-head.ts';
import type { FitFacts, FittedHead, Json, SavedHead } from '../model.ts';
import { type BinaryClassifiers, forEachBlock } from './binary-classifiers.ts';
import { squaredNorms } from './gram/gram.kernel.ts';
import type { Kernel } from './gram/gram.ts';
import { voteWinners } from './pair-values.kernel.ts';
import { type ProbabilityCalibration, probabilities, uncalibrated } from './probabilities.ts';

/** What a fitted SVM consists of besides its facts. */
interface SvmParts {
  readonly classifiers: BinaryClassifiers;
  /** Class number of each present class: classes without training rows have no classifier. */
  readonly present: Int32Array;
  /** Row of the training table of each support vector, class by class. */
  readonly supportRows: Int32Array;
  readonly calibration: ProbabilityCalibration;
}

export function fittedSvm(facts: FitFacts, parts: SvmParts, threads: number): FittedHead {
  const { classifiers, present, supportRows } = parts;
  const { classes, dims } = facts;
  const presentCount = present.length;
  const pairCount = classifiers.rho.length;
  const blocks = (features: Matrix, each: Parameters<typeof forEachBlock>[3]): Promise<void> => {
    checkFeatures(features, dims, 'svm');
    return forEachBlock(classifiers, features, { threads }, each);
  };

  return fittedHead({
    ...facts,

    async predict(features) {
      const out = new Int32Array(features.rowCount);
      await blocks(features, (values, first, rowCount) => {
        const winners = voteWinners(values, presentCount, rowCount);
        for (let row = 0; row < rowCount; row++) out[first + row] = valueAt(present, valueAt(winners, row));
      });
      return out;
    },

    calibrated: facts.params['calibrate'] !== 'none',
    async predictBoth(features, options) {
      const calibration = options?.uncalibrated === true ? uncalibrated : parts.calibration;
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

    savedDetails: {
      ...facts.details,
      converged: facts.converged,
      iterations: facts.iterations,
      warnings: facts.warnings,
      kernel: { ...classifiers.kernel },
      calibration: { ...parts.calibration },
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
        supportRows: { shape: [vectorCount], data: supportRows },
      };
    },
  });
}

/** @throws UserError if the saved head is damaged */
export function loadSvm(saved: SavedHead): FittedHead {
  const present = savedArray(saved, 'present', Int32Array, [null]);
  const invalid = present.find((c, i) => c < 0 || c >= saved.classes.length || (i > 0 && c <= valueAt(present, i - 1)));
  if (invalid !== undefined) {
    throw damaged('array present', String(invalid), `rising class numbers below ${saved.classes.length}`);
  }
  const classifiers = savedClassifiers(saved);
  const supportRows = savedArray(saved, 'supportRows', Int32Array, [classifiers.vectors.rowCount]);
  const { kernel: _kernel, calibration: _calibration, ...details } = saved.details;
  const parts = { classifiers, present, supportRows, calibration: savedCalibration(saved) };
  return fittedSvm(savedFacts({ ...saved, details }), parts, availableParallelism());
}

/** The one-vs-one classifiers of a saved head. @throws UserError if they are damaged */
export function savedClassifiers(saved: SavedHead): BinaryClassifiers {
  const presentCount = savedArray(saved, 'present', Int32Array, [null]).length;
  const coefficients = savedArray(saved, 'coefficients', Float64Array, [null, presentCount - 1]);
  const rowCount = coefficients.length / (presentCount - 1);
  const data = savedArray(saved, 'vectors', Float32Array, [rowCount, saved.dims]);
  const vectorStart = savedArray(saved, 'vectorStart', Int32Array, [presentCount + 1]);
  const ordered = vectorStart.every((start, i) => start >= (i === 0 ? 0 : valueAt(vectorStart, i - 1)));
  if (!ordered || vectorStart[0] !== 0 || vectorStart[presentCount] !== rowCount) {
    throw damaged('array vectorStart', `${vectorStart.join(', ')}`, `rising from 0 to ${rowCount}`);
  }
  return {
    kernel: savedKernel(saved),
    centre: savedArray(saved, 'centre', Float64Array, [saved.dims]),
    vectors: { rowCount, columnCount: saved.dims, data, squaredNorms: squaredNorms(data, rowCount, saved.dims) },
    vectorStart,
    coefficients,
    rho: savedArray(saved, 'rho', Float64Array, [(presentCount * (presentCount - 1)) / 2]),
  };
}

/** The kernel of a saved head. @throws UserError if it is invalid */
export function savedKernel({ details: { kernel } }: SavedHead): Kernel {
  const { name, gamma } = fields(kernel, 'kernel');
  if (name === 'linear') return { name };
  if (name === 'rbf' && typeof gamma === 'number' && gamma > 0) return { name, gamma };
  throw damaged('kernel', JSON.stringify(kernel), 'linear, or rbf with its gamma');
}

/** The calibration of a saved head. @throws UserError if it has none */
export function savedCalibration({ details: { calibration } }: SavedHead): ProbabilityCalibration {
  const { slope, offset, heldOutRows, folds, foldsOf } = fields(calibration, 'calibration');
  const numbers = [slope, offset, heldOutRows, folds, foldsOf];
  if (!numbers.every((value) => typeof value === 'number' && Number.isFinite(value))) {
    const expected = 'slope, offset, heldOutRows, folds and foldsOf as numbers';
    throw damaged('calibration', JSON.stringify(calibration), expected);
  }
  return { slope, offset, heldOutRows, folds, foldsOf } as ProbabilityCalibration;
}

function fields(value: Json | undefined, name: string): { readonly [key: string]: Json } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as { readonly [key: string]: Json };
  }
  throw damaged(name, String(value), 'an object');
}

function damaged(part: string, found: string, expected: string): UserError {
  return new UserError({ what: 'the saved head is damaged', where: `${part} of the saved svm head`, found, expected });
}
