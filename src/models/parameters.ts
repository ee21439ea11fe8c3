import { UserError, usageError } from '../system/errors.ts';
import { nearestName } from '../system/nearest.ts';
import { describeValues, isInRange, type OptionSpec } from '../system/options.ts';

/** Declaration of a head's parameter, from which `--help`, the checks, the library's types and docs/heads.md derive. */
export interface HeadOption extends Pick<OptionSpec, 'describe' | 'words' | 'numbers' | 'text' | 'flag'> {
  /** Several numbers may be given. */
  readonly list?: true;
  /** Default value: null for none, by solver if they differ. Flags are off. */
  readonly default?: string | number | null | Readonly<Record<string, string | number>>;
  /** The solvers that accept it. Default: all. */
  readonly solvers?: readonly string[];
  /** Which of two values makes the simpler head, preferred by a sweep among equals. */
  readonly simpler?: 'smaller' | 'larger';
}

export type HeadOptions = Readonly<Record<string, HeadOption>>;

type ValueOf<O> =
  | (O extends { readonly words: readonly (infer W)[] } ? W : never)
  | (O extends { readonly numbers: object } ? number : never)
  | (O extends { readonly text: true } ? string : never)
  | (O extends { readonly list: true } ? readonly number[] : never)
  | (O extends { readonly flag: true } ? boolean : never);

/** Checked parameters of a head with the options `S`, with defaults filled in. */
export type ParamsOf<S> = {
  readonly [K in keyof S]: ValueOf<S[K]> | (S[K] extends { readonly default: null } ? null : never);
};

/** Parameters of a head with options `S` and solvers `Solver`, as given by callers of the library. */
export type GivenParams<S, Solver extends string = never> = { readonly [K in keyof S]?: ValueOf<S[K]> | undefined } & {
  readonly solver?: Solver | undefined;
};

/** Unchecked parameters from the command line or a caller of the library. */
export type RawParams = Readonly<Record<string, unknown>>;

/** A head's declarations. */
interface Declared<S, Solver> {
  /** The first one is the default. */
  readonly solvers: readonly Solver[];
  readonly options: S;
  /** Another name of `solver`. */
  readonly solverAlias?: string;
}

/**
 * Checks the solver and all parameters of a head. Numbers may be given as text.
 *
 * @throws a usage UserError naming a parameter that is invalid or not supported by the solver
 */
export function readParams<S extends HeadOptions, Solver extends string>(
  { solvers, options, solverAlias }: Declared<S, Solver>,
  raw: RawParams,
): { readonly solver: Solver; readonly params: ParamsOf<S> } {
  const named = readOption('solver', { describe: '', words: solvers, default: solvers[0] ?? null }, raw, '') as Solver;
  const solver = (solverAlias !== undefined && isGiven(raw, solverAlias) ? raw[solverAlias] : named) as Solver;
  const solverName = solverAlias ?? 'solver';
  const params: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    params[name] = readOption(name, option, raw, solver);
    if (option.solvers?.includes(solver) === false && isGiven(raw, name)) {
      const [reader] = option.solvers;
      throw new UserError({
        what: `${name} is not usable`,
        found: `${raw[name]}, with the ${solverName} ${solver}, which does not read it`,
        expected: `the ${solverName} ${option.solvers.join(' or ')}`,
        exitCode: 2,
        option: { name: solverName, value: String(reader) },
      });
    }
  }
  if (solver !== named && isGiven(raw, 'solver')) {
    throw usageError(solverName, `${solver}, and --solver ${named}`, 'one of the two: they name the same thing');
  }
  return { solver, params: params as ParamsOf<S> };
}

function isGiven(raw: RawParams, name: string): boolean {
  return raw[name] !== undefined && raw[name] !== null;
}

function readOption(name: string, option: HeadOption, raw: RawParams, solver: string): unknown {
  const given = raw[name];
  if (option.flag === true) return given === true;
  if (!isGiven(raw, name)) return defaultOf(option, solver);
  if (option.text === true && typeof given === 'string' && given.trim() !== '') return given;
  const word = option.words?.find((candidate) => candidate === given);
  if (word !== undefined) return word;
  const items = Array.isArray(given)
    ? given
    : option.list === true && typeof given === 'string'
      ? given.split(',')
      : [given];
  const numbers = items.map((item) => (typeof item === 'string' && item.trim() !== '' ? Number(item) : item));
  const { numbers: range, list } = option;
  const fits = range !== undefined && numbers.length > 0 && numbers.every((value) => isInRange(value, range));
  if (!fits || (list !== true && Array.isArray(given))) {
    // A word in other letters or with a slip, else the default.
    const fallback = nearestName(String(given), option.words ?? []) ?? defaultOf(option, solver);
    throw usageError(name, String(given), describeValues(option), {
      value: fallback === null ? null : String(fallback),
    });
  }
  return list === true ? numbers.toSorted((a, b) => a - b) : numbers[0];
}

/** The default value of an option. */
function defaultOf({ default: fallback = null }: HeadOption, solver: string): string | number | null {
  return typeof fallback === 'object' && fallback !== null ? (fallback[solver] ?? null) : fallback;
}

/** `passes over the training rows: a whole number from 1 (default 9; adam only)`. */
export function describeOption(option: HeadOption): string {
  const [values, fallback] = [describeValues(option), describeDefault(option)];
  if (option.flag === true) return option.describe;
  const notes = fallback === '' ? [] : [`default ${fallback}`];
  if (option.solvers !== undefined) notes.push(`${option.solvers.join(' and ')} only`);
  return `${option.describe}: ${values}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}

/** `0.07`, `none`, `1000 for linearsvc`; empty for a flag. */
export function describeDefault({ default: fallback, flag }: HeadOption): string {
  if (flag === true || fallback === undefined) return '';
  if (typeof fallback !== 'object' || fallback === null) return String(fallback ?? 'none');
  const bySolver = Object.entries(fallback);
  return bySolver.map(([solver, value]) => `${value} for ${solver}`).join(', ');
}
