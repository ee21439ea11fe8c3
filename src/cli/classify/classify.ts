import { type ClassifyValues, classifyOptions } from '../../classify/options.ts';
import { headKinds } from '../../models/registry.ts';
import { type OptionValues, readOptions } from '../../system/options.ts';
import type { Verb } from '../verb.ts';
import { headOptions, headParams, sweepOptions } from './head-options.ts';

export type AskedValues = ClassifyValues & OptionValues<typeof sweepOptions> & { readonly model: readonly string[] };

const options = {
  model: {
    describe: `${headKinds.map((kind) => kind.model).join(' | ')}, repeatable, or all`,
    ...({ text: true, list: true, greedy: true } as const),
  },
  ...classifyOptions,
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
