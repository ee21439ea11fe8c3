import type { Head, HeadKind } from '../models/model.ts';
import type { HeadOption } from '../models/parameters.ts';
import { createHead, headKind, headKinds, readsParam } from '../models/registry.ts';
import { preparationOptions } from '../models/scaling.ts';
import { choiceError, optionsOf, UserError, usageError } from '../system/errors.ts';
import { optionName } from '../system/options.ts';
import { checkSwept, type Grid, gridFor } from './sweep/grid.ts';
import { type SweepOptions, sweptHead } from './sweep/swept-head.ts';

/** Solvers that refuse a run of more than ten minutes unless they are asked not to. */
const slowSolvers = ['ml-svm', 'ml-random-forest'] as const;

/** What a head gets where the command line says nothing: a library's caller has the option's own default. */
const commandParams = { calibrate: 'auto' } as const;
export const commandDefaults: Readonly<Record<string, Pick<HeadOption, 'default'>>> = {
  calibrate: { default: commandParams.calibrate },
};

/**
 * Makes the heads that the user named, `all` being every one but those that are only taken by name. A parameter goes to each head that reads it; the solver
 * to each that has it. Probabilities are calibrated unless `calibrate` says otherwise. With a sweep, a head that reads some
 * of its parameters chooses among them when it is fitted.
 *
 * @throws a usage UserError for a parameter or solver that none of them knows: it would do nothing
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

/** What other libraries call these heads. */
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

/** A head names the parameter that it refuses as a library does (`maxDepth`); here it is the option `--max-depth`. */
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
    option: optionsOf(error.parts).map((option) => ({ ...option, name: optionName(option.name) })),
  });
}
