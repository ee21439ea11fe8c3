import type { Argv } from 'yargs';
import { type Grid, parseSweep } from '../classify/sweep/grid.ts';
import type { SweepOptions } from '../classify/sweep/swept-head.ts';
import { usageError } from '../errors.ts';
import { flag, number, text } from './options.ts';
import type { Options } from './verb.ts';

/** Options that reach a head, in kebab-case, with what `--help` says of each. */
const described = {
  solver: 'svm: smo | ml-svm | linearsvc; forest: cart | ml-random-forest; linear: lbfgs | adam',
  scale: 'none | standard | l2 | minmax, learned from the training rows',
  'class-weight': 'none | balanced',
  calibrate: 'none | temperature, fitted on cross-validated probabilities: five more fits',
  C: 'linear, svm: inverse strength of the penalty, as in scikit-learn',
  'max-iterations': 'linear, svm: steps before a fit gives up',
  kernel: 'svm: linear | rbf',
  gamma: 'svm, rbf: scale | auto | a number',
  tolerance: 'svm: when the solver stops',
  trees: 'forest: how many',
  'max-depth': 'forest: splits from the root to a leaf at most',
  'min-leaf': 'forest: rows of a leaf at least',
  'max-features': 'forest: features looked at per split: sqrt | log2 | all | a share | a count',
  k: 'knn: neighbours that vote',
  votes: 'knn: similarity (a vote counts exp(cosine / temperature)) | uniform',
  temperature: 'knn: of the votes',
  alpha: 'ridge: auto, or penalties to choose from by leave-one-out error: 0.1,1,10',
  optimizer: 'linear: lbfgs | adam',
  epochs: 'linear, adam: passes over the training rows; mlp: at most',
  lr: 'linear, adam; mlp: learning rate',
  batch: 'linear, adam; mlp: rows per step',
  hidden: 'mlp: units of the hidden layer',
  penalty: 'mlp: L2 penalty, as alpha in scikit-learn',
  validation: 'mlp: share of the training rows that decides when to stop; 0 for all epochs on all rows',
  patience: 'mlp: epochs without a better held-out loss before it stops',
} as const;

const flags = { 'allow-slow': 'ml-random-forest: start even when it will take more than ten minutes' } as const;

/** Declares them all as text: each head checks its own. */
export function headOptions(yargs: Argv): Argv {
  for (const [name, describe] of Object.entries(described)) yargs.option(name, { type: 'string', describe });
  for (const [name, describe] of Object.entries(flags)) yargs.option(name, { type: 'boolean', describe });
  return yargs
    .option('sweep', {
      type: 'string',
      array: true,
      describe: 'choose by cross-validation on the training rows: auto, or C=0.1,1,10 gamma=scale,0.001',
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
  if (words.length === 0) throw usageError('--sweep', 'no value', 'auto, or NAME=VALUE,VALUE…');
  return { grid: parseSweep(words), cv: cv ?? 5, oneStandardError };
}

/** What the user gave, by the names that heads know (`max-depth` is `maxDepth`). */
export function headParams(options: Options): Readonly<Record<string, unknown>> {
  const params: Record<string, unknown> = {};
  for (const name of Object.keys(described)) {
    const value = text(options, name);
    if (value !== undefined) params[camelCase(name)] = value;
  }
  for (const name of Object.keys(flags)) if (flag(options, name)) params[camelCase(name)] = true;
  return params;
}

function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
