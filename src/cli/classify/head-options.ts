import type { Argv } from 'yargs';
import { commandDefaults, optionName } from '../../classify/choose-heads.ts';
import { type Grid, parseSweep } from '../../classify/sweep/grid.ts';
import type { SweepOptions } from '../../classify/sweep/swept-head.ts';
import { describeOption, type HeadOption } from '../../models/parameters.ts';
import { headKinds } from '../../models/registry.ts';
import { preparationOptions } from '../../models/scaling.ts';
import { usageError } from '../../system/errors.ts';
import { flag, number, text } from '../options.ts';
import type { Options } from '../verb.ts';

/** Options that reach a head, by the names that heads know, with what `--help` says of each. */
const described: ReadonlyMap<string, { readonly describe: string; readonly flag: boolean }> = describeOptions();

/** What each head says of its own options; those of several heads are put together. */
function describeOptions(): Map<string, { describe: string; flag: boolean }> {
  const found = new Map<string, { describe: string; flag: boolean }>();
  const solvers = headKinds.filter((kind) => kind.solvers.length > 1);
  found.set('solver', {
    describe: `${solvers.map((kind) => `${kind.model}: ${kind.solvers.join(' | ')}`).join('; ')} (default: the first)`,
    flag: false,
  });
  for (const [name, option] of Object.entries<HeadOption>(preparationOptions)) {
    found.set(name, { describe: describeOption({ ...option, ...commandDefaults[name] }), flag: false });
  }
  for (const name of new Set(headKinds.flatMap((kind) => Object.keys(kind.options)))) {
    const modelsByText = new Map<string, string[]>();
    for (const { model, options } of headKinds) {
      const text = options[name] && describeOption(options[name]);
      if (text !== undefined) modelsByText.set(text, [...(modelsByText.get(text) ?? []), model]);
    }
    found.set(name, {
      describe: [...modelsByText].map(([text, models]) => `${models.join(', ')}: ${text}`).join('; '),
      flag: headKinds.some((kind) => kind.options[name]?.flag === true),
    });
  }
  return found;
}

/** Declares them all as text, flags apart: each head checks its own. */
export function headOptions(yargs: Argv): Argv {
  for (const [name, { describe, flag }] of described) {
    yargs.option(optionName(name), { type: flag ? 'boolean' : 'string', describe });
  }
  return yargs
    .option('sweep', {
      type: 'string',
      array: true,
      describe: 'choose by cross-validation on the training rows: auto, or C=0.1,1,10 scale=none,l2',
    })
    .option('cv', { type: 'string', describe: 'folds of --sweep (default 5)' })
    .option('one-standard-error', {
      type: 'boolean',
      describe: '--sweep takes the simplest point within one standard error of the best',
    });
}

/** The sweep that the user asked for. */
export function sweepOptions(options: Options): (SweepOptions & { readonly grid: Grid | 'auto' }) | undefined {
  const words = options['sweep'] as readonly string[] | undefined;
  const cv = number(options, 'cv', { min: 2, whole: true });
  const oneStandardError = flag(options, 'one-standard-error');
  if (words === undefined) {
    if (cv !== undefined) throw usageError('--cv', String(cv), '--sweep with it: folds are for choosing parameters');
    if (oneStandardError) throw usageError('--one-standard-error', 'no --sweep', '--sweep with it');
    return undefined;
  }
  if (words.length === 0) throw usageError('--sweep', 'no value', 'auto, or NAME=VALUE,VALUE…', { value: 'auto' });
  return { grid: parseSweep(words), cv: cv ?? 5, oneStandardError };
}

/** What the user gave, by the names that heads know (`max-depth` is `maxDepth`). */
export function headParams(options: Options): Readonly<Record<string, unknown>> {
  const params: Record<string, unknown> = {};
  for (const [name, option] of described) {
    const value = option.flag ? flag(options, optionName(name)) || undefined : text(options, optionName(name));
    if (value !== undefined) params[name] = value;
  }
  return params;
}
