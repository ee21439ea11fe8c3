import { usageError } from '../system/errors.ts';

/** Unchecked parameters of a head, as the command line or a library's caller gives them. */
export type RawParams = Readonly<Record<string, unknown>>;

export interface ParamRange {
  readonly min?: number;
  /** Excludes the bound itself. */
  readonly above?: number;
  readonly max?: number;
  readonly whole?: boolean;
}

/**
 * A number among a head's parameters; numbers as text are taken too.
 *
 * @throws a usage UserError naming the parameter when it is not a number in the range
 */
export function numberParam(params: RawParams, name: string, fallback: number, range: ParamRange): number {
  const given = params[name];
  if (given === undefined || given === null) return fallback;
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  const fits =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (range.whole !== true || Number.isSafeInteger(value)) &&
    (range.min === undefined || value >= range.min) &&
    (range.above === undefined || value > range.above) &&
    (range.max === undefined || value <= range.max);
  if (!fits) throw usageError(name, String(given), describeRange(range));
  return value;
}

/** One of a few words among a head's parameters. */
export function choiceParam<T extends string>(
  params: RawParams,
  name: string,
  fallback: NoInfer<T>,
  choices: readonly T[],
): T {
  const given = params[name];
  if (given === undefined || given === null) return fallback;
  const found = choices.find((choice) => choice === given);
  if (found === undefined) throw usageError(name, String(given), choices.join(' | '));
  return found;
}

function describeRange(range: ParamRange): string {
  const lower =
    range.above !== undefined ? ` above ${range.above}` : range.min !== undefined ? ` from ${range.min}` : '';
  const upper = range.max === undefined ? '' : ` up to ${range.max}`;
  return `${range.whole === true ? 'a whole number' : 'a number'}${lower}${upper}`;
}
