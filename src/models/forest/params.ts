import type { GivenParams, ParamsOf } from '../parameters.ts';

export const forestSolvers = ['cart', 'ml-random-forest'] as const;

export const forestOptions = {
  trees: { describe: 'how many', numbers: { min: 1, max: 100_000, whole: true }, default: 100, simpler: 'smaller' },
  maxDepth: {
    describe: 'maximum depth of a tree',
    numbers: { min: 1, whole: true },
    default: null,
    simpler: 'smaller',
  },
  /** A row drawn twice by the bootstrap counts once. */
  minLeaf: {
    describe: 'minimum number of rows in a leaf',
    numbers: { min: 1, whole: true },
    default: 1,
    simpler: 'larger',
  },
  maxFeatures: {
    describe: 'features considered per split',
    words: ['sqrt', 'log2', 'all'],
    numbers: { above: 0, shareOrCount: true },
    default: 'sqrt',
  },
  allowSlow: { describe: 'ml-random-forest: start even when it will take more than ten minutes', flag: true },
} as const;

export type ForestParams = Omit<ParamsOf<typeof forestOptions>, 'allowSlow'>;
/** Parameters of the forest, as given by callers of the library. */
export type GivenForestParams = GivenParams<typeof forestOptions, (typeof forestSolvers)[number]>;

/** Features per split, as scikit-learn's `max_features`; `all` instead of 1.0, since 1 is a count here. */
export function countFeatures(maxFeatures: string | number, dims: number): number {
  if (maxFeatures === 'sqrt') return Math.max(1, Math.floor(Math.sqrt(dims)));
  if (maxFeatures === 'log2') return Math.max(1, Math.floor(Math.log2(dims)));
  if (maxFeatures === 'all') return dims;
  const number = Number(maxFeatures);
  return number < 1 ? Math.max(1, Math.floor(number * dims)) : Math.min(number, dims);
}
