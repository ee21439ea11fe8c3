import { choiceError, usageError } from './errors.ts';

/**
 * Declaration of a command's option or a head's parameter. The yargs options and `--help`, the checks, the library's
 * types and the tables in docs/ derive from it. It accepts words, numbers or both; text; a custom form; or it is a
 * flag.
 */
export interface OptionSpec {
  /** What it is; accepted values and default are appended. */
  readonly describe: string;
  readonly words?: readonly string[];
  readonly numbers?: NumberRange;
  readonly text?: true;
  /** Parses a custom form; throws a usage UserError with the given option `name`. */
  readonly parse?: (given: string, name: string) => unknown;
  /** Has no value. */
  readonly flag?: true;
  /** Its value may be left out, and is then ''. */
  readonly bare?: true;
  /** Several values: comma-separated, or with `whole` only by repeating the option (paths may contain commas). */
  readonly list?: true | 'whole';
  /** Takes all following words. */
  readonly greedy?: true;
  /** A positional argument. */
  readonly positional?: true;
  readonly default?: string | number;
  /** Describes the value used if none is given and there is no constant default: `the newest in cache`. */
  readonly unset?: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export interface NumberRange {
  readonly min?: number;
  /** Excludes the bound itself. */
  readonly above?: number;
  readonly max?: number;
  readonly whole?: boolean;
  /** Suggested instead of a number out of range, if the bound itself is useless. */
  readonly usual?: number;
  /** Also accepts a percentage: `20%` is 0.2. */
  readonly percent?: boolean;
  /** A fraction below 1, or a count from 1. */
  readonly shareOrCount?: true;
}

type OneOf<O> =
  | (O extends { readonly words: readonly (infer W)[] } ? W : never)
  | (O extends { readonly numbers: object } ? number : never)
  | (O extends { readonly text: true } ? string : never)
  | (O extends { readonly flag: true } ? boolean : never)
  | (O extends { readonly parse: (given: string, name: string) => infer T } ? T : never);
type ValueOf<O> = O extends { readonly list: unknown } ? readonly OneOf<O>[] : OneOf<O>;
type Always = { readonly default: unknown } | { readonly list: unknown } | { readonly flag: true };

/** Checked values of the options `S`: a missing flag is false, a missing list is empty. */
export type OptionValues<S> = {
  readonly [K in keyof S]: ValueOf<S[K]> | (S[K] extends Always ? never : undefined);
};

/** The same options as arguments of the library. */
export type GivenOptions<S> = { readonly [K in keyof S]?: ValueOf<S[K]> | undefined };

/** Unchecked options by name on the command line (`max-depth`) or in the library (`maxDepth`). */
export type RawOptions = Readonly<Record<string, unknown>>;

/**
 * Checks options of the command line or the library.
 *
 * @param from determines the spelling of names in `given` and in messages
 * @throws a usage UserError naming the invalid option
 */
export function readOptions<const S extends OptionSpecs>(
  specs: S,
  given: RawOptions,
  from: 'command line' | 'program' = 'command line',
): OptionValues<S> {
  const values = Object.entries(specs).map(([name, spec]) => {
    const spelled = from === 'program' ? name : optionName(name);
    const shown = from === 'program' || spec.positional === true ? spelled : `--${spelled}`;
    return [name, readOption(spec, given[spelled], shown)];
  });
  return Object.fromEntries(values) as OptionValues<S>;
}

/**
 * Checks one option. yargs 18 silently turns `--batch abc` into NaN, `--batch` without a value into the default and
 * repeated options into arrays, so all options arrive here as text.
 */
function readOption(spec: OptionSpec, given: unknown, name: string): unknown {
  if (spec.flag === true) return readFlag(given, name);
  if (spec.list === undefined) return readOne(spec, given, name) ?? spec.default;
  if (given === undefined || given === null) return [];
  const items: unknown[] = Array.isArray(given) ? given : [given];
  const parts = spec.list === 'whole' ? items : items.flatMap((item) => String(item).split(',').map(trimmed));
  if (spec.greedy === true && parts.length === 0) throw noValue(name);
  return parts.map((part) => readOne(spec, part, name));
}

function readOne(spec: OptionSpec, value: unknown, name: string): unknown {
  if (value === undefined || value === null) return undefined;
  const { words, numbers, parse } = spec;
  if (Array.isArray(value) && typeof value[0] !== 'number') {
    const last = { value: String(value.at(-1)) };
    throw usageError(name, `${value.length} values: ${value.join(', ')}`, 'one value', last);
  }
  if (value === '' && spec.bare === true) return '';
  if (value === '' || typeof value === 'boolean') throw noValue(name);
  if (parse !== undefined) return typeof value === 'string' ? parse(value, name) : value;
  const given = value === dash ? '-' : String(value);
  if (words?.includes(given) === true) return given;
  if (numbers !== undefined) return readNumber(given, spec, name);
  if (words === undefined) return given;
  throw choiceError(name, given, words, spec.default === undefined ? undefined : String(spec.default));
}

function noValue(name: string): Error {
  return usageError(name, 'no value', `${name} VALUE`, { value: null });
}

function trimmed(text: string): string {
  return text.trim();
}

function readFlag(value: unknown, name: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw usageError(name, Array.isArray(value) ? 'given more than once' : String(value), `${name} alone, once`);
}

function readNumber(given: string, spec: OptionSpec, name: string): number {
  const { numbers: range = {} } = spec;
  const [, percent] = (range.percent === true && /^(\d+(?:\.\d+)?) ?%$/.exec(given.trim())) || [];
  // 99.9e-2 is the same number as 0.999; 99.9 / 100 is not.
  const value = percent !== undefined ? Number(`${percent}e-2`) : given.trim() === '' ? Number.NaN : Number(given);
  if (isInRange(value, range)) return value;
  throw usageError(name, given, describeValues(spec), { value: nearestUsable(given, spec) });
}

export function isInRange(value: unknown, range: NumberRange): value is number {
  return (
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (range.whole !== true || Number.isSafeInteger(value)) &&
    (range.min === undefined || value >= range.min) &&
    (range.above === undefined || value > range.above) &&
    (range.max === undefined || value <= range.max) &&
    (range.shareOrCount !== true || value < 1 || Number.isSafeInteger(value))
  );
}

/** The nearest valid value to the one typed, or the default if it is not a number; null for none. */
function nearestUsable(given: string, { numbers = {}, default: fallback }: OptionSpec): string | null {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, whole, usual, percent } = numbers;
  // Accepts a decimal comma and a unit.
  const number = Number.parseFloat(given.replace(',', '.'));
  // A share of ten or more was meant in percent; what one between 1 and 10 was meant to be, nobody knows.
  const isPercent = given.trim().endsWith('%') || (max <= 1 && number >= 10);
  const typed = percent === true && isPercent ? Number((number / 100).toPrecision(12)) : number;
  const value = whole === true ? Math.round(typed) : typed;
  const usable = Math.min(max, Math.max(min, value));
  if (usual !== undefined && usable !== value) return String(usual);
  if (isInRange(usable, numbers)) return String(usable);
  return fallback === undefined ? null : String(fallback);
}

// biome-ignore format: a table
const bytesOfUnit: ReadonlyMap<string, number> = new Map([
  ['B', 1], ['kB', 1e3], ['KB', 1e3], ['MB', 1e6], ['GB', 1e9], ['TB', 1e12],
  ['KiB', 2 ** 10], ['MiB', 2 ** 20], ['GiB', 2 ** 30], ['TiB', 2 ** 40],
]);

/** A size in bytes from text with its unit: `500MB`, `1.5 GiB`. */
export function parseBytes(given: string, name: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(given.trim()) ?? [];
  const size = Math.floor(Number(digits) * (bytesOfUnit.get(unit) ?? 0));
  if (size > 0 && Number.isSafeInteger(size)) return size;
  throw usageError(name, given, 'a size with its unit: 500MB, 2GB or 1.5GiB');
}

/** A name as the command line spells it: `maxDepth` is `max-depth`. */
export function optionName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => (name.length === 1 ? letter : `-${letter.toLowerCase()}`));
}

/** Replaces `-` while yargs parses, which drops it from a list of positionals. */
const dash = '\u0000-';

/** Replaces `-` in arguments for yargs; `readOptions` undoes it. */
export function keepDashes(args: readonly string[]): string[] {
  return args.map((argument) => (argument === '-' ? dash : argument));
}

/** Accepted values of an option: `linear | rbf`, `scale | auto | a number above 0`; empty for a flag. */
export function describeValues({
  words = [],
  numbers,
  text,
  list,
}: Pick<OptionSpec, 'words' | 'numbers' | 'text' | 'list'>): string {
  if (numbers === undefined) return text === true ? 'text' : words.join(' | ');
  const range = describeRange(numbers);
  return [...words, list === true ? `${range}, or several with commas between them` : range].join(' | ');
}

function describeRange({ min, above, max, whole, percent, shareOrCount }: NumberRange): string {
  if (shareOrCount === true) return `a share below 1${percent === true ? ' or a percentage' : ''} | a whole number`;
  const kind = whole === true ? 'a whole number' : percent === true ? 'a number or a percentage' : 'a number';
  const lower = above !== undefined ? ` above ${above}` : min !== undefined ? ` from ${min}` : '';
  return `${kind}${lower}${max === undefined ? '' : ` up to ${max}`}`;
}

/** As `--help` says it: `images per run of the network: a whole number from 1 up to 4096 (default: 8)`. */
export function describeOption(spec: OptionSpec): string {
  const { describe, words, numbers } = spec;
  const values = words !== undefined || numbers !== undefined ? `: ${describeValues(spec)}` : '';
  const usual = describeUsual(spec);
  return `${describe}${values}${usual === '' ? '' : ` (default: ${usual})`}`;
}

/** Its default, or a description of it: `8`, `the newest in cache`. */
export function describeUsual({ default: fallback, unset = '' }: OptionSpec): string {
  return fallback === undefined ? unset : String(fallback);
}
