import { usageError } from '../../system/errors.ts';
import type { Json } from '../model.ts';
import { numberParam, type RawParams } from '../params.ts';

export interface ForestParams {
  readonly [key: string]: Json;
  readonly trees: number;
  /** Splits from the root to a leaf at most; null for no limit. */
  readonly maxDepth: number | null;
  /** Rows of a leaf at least; a row drawn twice counts once. */
  readonly minLeaf: number;
  /** Features looked at per split: `sqrt`, `log2`, `all`, a share below 1, or a count. */
  readonly maxFeatures: string | number;
}

/** Checks the forest's parameters. @throws a usage UserError naming the parameter */
export function forestParams(raw: RawParams): ForestParams {
  const noDepth = raw['maxDepth'] === undefined || raw['maxDepth'] === null;
  return {
    trees: numberParam(raw, 'trees', 100, { min: 1, max: 100_000, whole: true }),
    maxDepth: noDepth ? null : numberParam(raw, 'maxDepth', 1, { min: 1, whole: true }),
    minLeaf: numberParam(raw, 'minLeaf', 1, { min: 1, whole: true }),
    maxFeatures: maxFeaturesParam(raw),
  };
}

/**
 * Features looked at per split, with scikit-learn's meaning of `max_features`; a share of 1 is written `all`, since
 * the number 1 is a count here.
 */
export function countFeatures(maxFeatures: string | number, dims: number): number {
  if (maxFeatures === 'sqrt') return Math.max(1, Math.floor(Math.sqrt(dims)));
  if (maxFeatures === 'log2') return Math.max(1, Math.floor(Math.log2(dims)));
  if (maxFeatures === 'all') return dims;
  const number = Number(maxFeatures);
  return number < 1 ? Math.max(1, Math.floor(number * dims)) : Math.min(number, dims);
}

function maxFeaturesParam(raw: RawParams): string | number {
  const given = raw['maxFeatures'] ?? 'sqrt';
  if (given === 'sqrt' || given === 'log2' || given === 'all') return given;
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  const fits = typeof value === 'number' && value > 0 && (value < 1 || Number.isSafeInteger(value));
  if (!fits) {
    throw usageError('maxFeatures', String(given), 'sqrt | log2 | all | a share below 1 | a whole number of features');
  }
  return value;
}
