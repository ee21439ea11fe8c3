import type { Head, HeadKind } from '../models/model.ts';
import type { HeadOption } from '../models/parameters.ts';
import { createHead, headKind, headKinds, readsParam } from '../models/registry.ts';
import { preparationOptions } from '../models/scaling.ts';
import { choiceError, optionsOf, UserError, type UserErrorParts, usageError } from '../system/errors.ts';
import { optionName } from '../system/options.ts';
import { checkSwept, type Grid, gridFor } from './sweep/grid.ts';
import { type SweepOptions, sweptHead } from './sweep/swept-head.ts';

/** Solvers that refuse a fit of more than ten minutes unless `--allow-slow` is given. */
const slowSolvers = ['ml-svm', 'ml-random-forest'] as const;

/** Defaults of the command line that differ from the library's. */
const commandParams = { calibrate: 'auto' } as const;
export const commandDefaults: Readonly<Record<string, Pick<HeadOption, 'default'>>> = {
  calibrate: { default: commandParams.calibrate },
};

/**
 * Creates the named heads; `all` means every head except those that must be named. Each parameter goes to every head
 * that has it, and so does the solver. Probabilities are calibrated unless `calibrate` says otherwise. With a sweep, a
 * head chooses its swept parameters when it is fitted.
 *
 * @throws a usage UserError for a parameter or solver that none of them has
 */
export function chooseHeads(
  models: readonly string[],
  params: Readonly<Record<string, unknown>>,
  sweep?: SweepOptions & { readonly grid: Grid | 'auto' },
): Head[] {
  const known = headKinds.map((kind) => kind.model);
  const everyHead = headKinds.filter(({ byNameOnly }) => byNameOnly !== true).map((kind) => kind.model);
  const asked = models.flatMap((model) => (model === 'all' ? everyHead : [model]));
  const names = [...new Set(asked)];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownHead(unknown, [...known, 'all']);
  const kinds = names.map(headKind);
  for (const [name, value] of Object.entries(params)) {
    if (kinds.some((kind) => readsParam(kind, name, value))) continue;
    const others = headKinds.filter((kind) => readsParam(kind, name, value)).map((kind) => kind.model);
    if (name === 'solver' && others.length === 0) {
      throw choiceError(
        '--solver',
        String(value),
        kinds.flatMap((kind) => kind.solvers),
      );
    }
    throw usageError(
      `--${optionName(name)}`,
      `--model ${names.join(' --model ')}, which does not read it`,
      `--model ${others.join(' or --model ')}`,
      { value: null },
    );
  }
  if (sweep !== undefined) checkSwept(kinds, sweep.grid);
  const solvers = [
    params['solver'],
    ...(sweep !== undefined && sweep.grid !== 'auto' ? (sweep.grid['solver'] ?? []) : []),
  ];
  if (params['allowSlow'] === true && !solvers.some((solver) => slowSolvers.some((slow) => slow === solver))) {
    throw usageError('--allow-slow', 'a solver that is not slow', `--solver ${slowSolvers.join(' or ')} beside it`);
  }
  return kinds.map((kind) => {
    const own = Object.fromEntries(Object.entries(params).filter(([name, value]) => readsParam(kind, name, value)));
    try {
      const all = { ...commandParams, ...own };
      if (sweep === undefined) return createHead(kind.model, all);
      const grid = gridFor(kind, sweep.grid, own);
      return Object.keys(grid).length === 0 ? createHead(kind.model, all) : sweptHead(kind, all, grid, sweep);
    } catch (error) {
      throw namedAsOption(error, kind);
    }
  });
}

/** Names of these heads in other libraries. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['random-forest', 'forest'],
  ['randomforest', 'forest'],
  ['random_forest', 'forest'],
  ['rf', 'forest'],
  ['logistic', 'linear'],
  ['logistic-regression', 'linear'],
  ['logreg', 'linear'],
  ['softmax', 'linear'],
  ['svc', 'svm'],
]);

function unknownHead(found: string, choices: readonly string[]): UserError {
  const error = choiceError('--model', found, choices);
  const instead = otherNames.get(found.toLowerCase());
  if (instead !== undefined && choices.includes(instead)) return new UserError({ ...error.parts, instead });
  if (
    !/^(?:wide_)?(?:resne[tx]|vit|dino|clip|convnext|efficientnet|mobilenet|densenet|vgg|swin|inception)/i.test(found)
  )
    return error;
  const { instead: _near, option: _usual, ...parts } = error.parts;
  return new UserError({
    ...parts,
    fix: `networks are chosen by extract --weights; --model takes a head: ${choices.join(' | ')}`,
  });
}

/** Where a solver does not read a parameter, the other heads that do. */
function withOtherModels({ expected, option }: UserErrorParts, name: string, { model }: HeadKind): string | undefined {
  const isOfSolver = optionsOf({ option }).some((each) => each.name === 'solver' || each.name === 'optimizer');
  const others = headKinds.filter((kind) => kind.model !== model && name in kind.options).map((kind) => kind.model);
  if (!isOfSolver || name === 'solver' || others.length === 0) return expected;
  return `${expected}, or another head: --model ${others.join(' | ')}`;
}

/** Replaces a parameter's name in the library (`maxDepth`) by its option (`--max-depth`) in an error. */
function namedAsOption(error: unknown, kind: HeadKind): unknown {
  if (!(error instanceof UserError) || error.exitCode !== 2) return error;
  const name = [...Object.keys(kind.options), 'solver', ...Object.keys(preparationOptions)].find((each) =>
    error.parts.what.startsWith(`${each} `),
  );
  if (name === undefined) return error;
  const { what } = error.parts;
  return new UserError({
    ...error.parts,
    what: what.replace(name, `--${optionName(name)}`),
    expected: withOtherModels(error.parts, name, kind),
    option: optionsOf(error.parts).map((option) => ({ ...option, name: optionName(option.name) })),
  });
}
