import { commandDefaults } from '../../classify/choose-heads.ts';
import { type Grid, parseSweep } from '../../classify/sweep/grid.ts';
import type { SweepOptions } from '../../classify/sweep/swept-head.ts';
import { describeOption, type HeadOption } from '../../models/parameters.ts';
import { headKinds } from '../../models/registry.ts';
import { preparationOptions } from '../../models/scaling.ts';
import { usageError } from '../../system/errors.ts';
import { type OptionSpec, type OptionValues, type RawOptions, readOptions } from '../../system/options.ts';

/** Options of the heads by parameter name, as text: each head checks its own. Combines the descriptions of several heads. */
export const headOptions: Readonly<Record<string, OptionSpec>> = Object.fromEntries(describeOptions());

function* describeOptions(): Generator<[name: string, spec: OptionSpec]> {
  const solvers = headKinds.filter((kind) => kind.solvers.length > 1);
  const solversOf = solvers.map((kind) => `${kind.model}: ${kind.solvers.join(' | ')}`);
  yield ['solver', { describe: `${solversOf.join('; ')} (default: the first)`, text: true }];
  for (const [name, option] of Object.entries<HeadOption>(preparationOptions)) {
    yield [name, { describe: describeOption({ ...option, ...commandDefaults[name] }), text: true }];
  }
  for (const name of new Set(headKinds.flatMap((kind) => Object.keys(kind.options)))) {
    const modelsByText = new Map<string, string[]>();
    for (const { model, options } of headKinds) {
      const text = options[name] && describeOption(options[name]);
      if (text !== undefined) modelsByText.set(text, [...(modelsByText.get(text) ?? []), model]);
    }
    const describe = [...modelsByText].map(([text, models]) => `${models.join(', ')}: ${text}`).join('; ');
    const isFlag = headKinds.some((kind) => kind.options[name]?.flag === true);
    yield [name, isFlag ? { describe, flag: true } : { describe, text: true }];
  }
}

export const sweepOptions = {
  sweep: {
    describe: 'choose by cross-validation on the training rows: auto, or C=0.1,1,10 scale=none,l2',
    text: true,
    list: 'whole',
    greedy: true,
  },
  cv: { describe: 'folds of --sweep', numbers: { min: 2, whole: true }, unset: '5' },
  oneStandardError: {
    describe: '--sweep takes the simplest point within one standard error of the best',
    flag: true,
  },
} as const;

/** The requested sweep. */
export function askedSweep({
  sweep,
  cv,
  oneStandardError,
}: OptionValues<typeof sweepOptions>): (SweepOptions & { readonly grid: Grid | 'auto' }) | undefined {
  if (sweep.length > 0) return { grid: parseSweep(sweep), cv: cv ?? 5, oneStandardError };
  if (cv !== undefined) throw usageError('--cv', String(cv), '--sweep with it: folds are for choosing parameters');
  if (oneStandardError) throw usageError('--one-standard-error', 'no --sweep', '--sweep with it');
  return undefined;
}

/** The given parameters by the heads' names (`max-depth` is `maxDepth`). */
export function headParams(given: RawOptions): Readonly<Record<string, unknown>> {
  const values = readOptions(headOptions, given);
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== false));
}
