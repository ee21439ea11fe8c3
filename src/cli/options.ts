import type { EmbedderOptions } from '../predict/embedder.ts';
import { choiceError, usageError } from '../system/errors.ts';
import type { Options } from './verb.ts';

/**
 * Checked access to yargs' results. yargs 18 turns `--batch abc` into NaN, a bare `--batch` into its default and a
 * repeated option into an array without a word, so every option is declared as a string and read through these.
 */
function one(options: Options, name: string): string | undefined {
  const value = options[name];
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) {
    const last = { value: String(value.at(-1)) };
    throw usageError(`--${name}`, `${value.length} values: ${value.join(', ')}`, 'one value', last);
  }
  if (value === '' || typeof value === 'boolean')
    throw usageError(`--${name}`, 'no value', `--${name} VALUE`, { value: null });
  return String(value);
}

export function text(options: Options, name: string): string | undefined;
export function text(options: Options, name: string, fallback: string): string;
export function text(options: Options, name: string, fallback?: string): string | undefined {
  return one(options, name) ?? fallback;
}

export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
  readonly whole?: boolean;
  /** Excludes `min` itself: `(0, …]`. */
  readonly above?: number;
  /** Proposed in place of a number out of range, where the bound itself is of no use to anybody. */
  readonly usual?: number;
  /** A fraction may be given in percent: `20%` is 0.2. */
  readonly percent?: boolean;
}

export function number(options: Options, name: string, range: NumberRange): number | undefined;
export function number(options: Options, name: string, range: NumberRange, fallback: number): number;
export function number(options: Options, name: string, range: NumberRange, fallback?: number): number | undefined {
  const given = one(options, name);
  if (given === undefined) return fallback;
  const [, percent] = (range.percent === true && /^(\d+(?:\.\d+)?) ?%$/.exec(given.trim())) || [];
  // As a fraction typed with its digits would be read: 7 / 100, not 7 * 0.01.
  const value = percent !== undefined ? Number(percent) / 100 : given.trim() === '' ? Number.NaN : Number(given);
  const fits =
    Number.isFinite(value) &&
    (range.whole !== true || Number.isSafeInteger(value)) &&
    (range.min === undefined || value >= range.min) &&
    (range.above === undefined || value > range.above) &&
    (range.max === undefined || value <= range.max);
  if (!fits)
    throw usageError(`--${name}`, given, describeRange(range), { value: nearestUsable(given, range, fallback) });
  return value;
}

/** The value of a range that is nearest to what was typed, its default where that is no number; null for none. */
function nearestUsable(given: string, range: NumberRange, fallback: number | undefined): string | null {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, above, whole } = range;
  // A comma for a point, and a unit behind it.
  const typed = Number.parseFloat(given.replace(',', '.'));
  const value = whole === true ? Math.round(typed) : typed;
  const usable = Math.min(max, Math.max(min, value));
  if (range.usual !== undefined && usable !== value) return String(range.usual);
  if (Number.isFinite(usable) && (above === undefined || usable > above)) return String(usable);
  return fallback === undefined ? null : String(fallback);
}

const bytesOfUnit: Readonly<Record<string, number>> = {
  ...{ B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 },
  ...{ KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
};

/** A size in bytes, with its unit: `500MB`, `1.5 GiB`. */
export function bytes(options: Options, name: string): number | undefined {
  const given = one(options, name);
  if (given === undefined) return undefined;
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(given.trim()) ?? [];
  const factor = Object.hasOwn(bytesOfUnit, unit) ? bytesOfUnit[unit] : undefined;
  const size = Math.floor(Number(digits) * (factor ?? 0));
  if (size > 0 && Number.isSafeInteger(size)) return size;
  throw usageError(`--${name}`, given, 'a size with its unit: 500MB, 2GB or 1.5GiB');
}

export function choice<T extends string>(options: Options, name: string, choices: readonly T[]): T | undefined;
export function choice<T extends string>(options: Options, name: string, choices: readonly T[], fallback: T): T;
export function choice<T extends string>(
  options: Options,
  name: string,
  choices: readonly T[],
  fallback?: T,
): T | undefined {
  const given = one(options, name);
  if (given === undefined) return fallback;
  const found = choices.find((candidate) => candidate === given);
  if (found === undefined) throw choiceError(`--${name}`, given, choices, fallback);
  return found;
}

/** Every value of a repeatable option; `--model svm --model linear` and `--model svm,linear` alike. */
export function list(options: Options, name: string): readonly string[] {
  const value = options[name];
  if (value === undefined || value === null) return [];
  const values = (Array.isArray(value) ? value : [value]).flatMap((item) => String(item).split(','));
  if (values.some((item) => item.trim() === '')) throw usageError(`--${name}`, 'no value', `--${name} VALUE`);
  return values.map((item) => item.trim());
}

/** Every value of a repeatable option as it stands: paths may hold commas. */
export function texts(options: Options, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value)
    ? value.map((item) => one({ [name]: item }, name) as string)
    : [one(options, name) ?? []].flat();
}

export function flag(options: Options, name: string): boolean {
  const value = options[name];
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw usageError(`--${name}`, Array.isArray(value) ? 'given more than once' : String(value), `--${name} alone, once`);
}

/** What opens the network of a head, as `predict` and `serve` are asked for it. */
export function embedderOptions(options: Options): Omit<EmbedderOptions, 'device'> {
  return {
    weights: text(options, 'weights'),
    threads: number(options, 'threads', { min: 1, whole: true }),
    seed: number(options, 'seed', { min: 0, whole: true }),
  };
}

function describeRange(range: NumberRange): string {
  const kind =
    range.whole === true ? 'a whole number' : range.percent === true ? 'a number or a percentage' : 'a number';
  const lower =
    range.above !== undefined ? ` above ${range.above}` : range.min !== undefined ? ` from ${range.min}` : '';
  return `${kind}${lower}${range.max === undefined ? '' : ` up to ${range.max}`}`;
}

/** Stands for a lone `-` while yargs parses: it drops one from a list of positionals. */
const dash = '\u0000-';

/** Arguments for yargs; `positionals` undoes it. */
export function keepDashes(args: readonly string[]): string[] {
  return args.map((argument) => (argument === '-' ? dash : argument));
}

/** A list of positional arguments, `-` among them. */
export function positionals(options: Options, name: string): readonly string[] {
  const values = (options[name] as readonly string[] | undefined) ?? [];
  return values.map((value) => (value === dash ? '-' : value));
}
