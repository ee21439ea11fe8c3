import { headKinds } from '../../models/registry.ts';
import { type OptionValues, readOptions } from '../../system/options.ts';
import type { Verb } from '../verb.ts';
import { dataOptions } from './classify-data.ts';
import { headOptions, headParams, sweepOptions } from './head-options.ts';

const ownOptions = {
  seed: {
    describe: 'of the splits and all random draws',
    numbers: { min: 0, max: 4_294_967_295, whole: true },
    default: 0,
  },
  learningCurve: {
    describe: 'fit on an eighth, a quarter and a half of the training rows too: would more photos help?',
    flag: true,
  },
  checkLabels: {
    describe: 'check the labels of all images with the cheapest good head, by five-fold cross-validation',
    flag: true,
  },
  out: { describe: 'folder of reports', text: true, default: 'reports' },
  threads: {
    describe: 'upper bound; results do not depend on it',
    numbers: { min: 1, whole: true },
    unset: 'all cores',
  },
} as const;

export type ClassifyValues = OptionValues<typeof dataOptions & typeof ownOptions & typeof sweepOptions> & {
  readonly model: readonly string[];
};

const options = {
  model: {
    describe: `${headKinds.map((kind) => kind.model).join(' | ')}, repeatable, or all`,
    ...({ text: true, list: true, greedy: true } as const),
  },
  ...dataOptions,
  ...ownOptions,
  ...sweepOptions,
};

export const classifyVerb: Verb = {
  writes: { option: '--out FOLDER' },
  options: { ...options, ...headOptions },
  run: async (given, session) => {
    const { runClassify } = await import('./run-classify.ts');
    return runClassify(readOptions(options, given), headParams(given), session, given);
  },
};
