import { parseArgs } from 'node:util';
import { usageError } from '../../../src/system/errors.ts';

/** Description of an option; its values, unless it is a flag; its default. Lists have a comma in `takes`. */
type BenchOption = readonly [describe: string, takes?: string, byDefault?: string];
type BenchOptions = Readonly<Record<string, BenchOption>>;

type Values<O extends BenchOptions> = {
  readonly [name in keyof O]: O[name] extends readonly [string]
    ? boolean
    : O[name] extends readonly [string, string]
      ? string | undefined
      : string;
};

/**
 * Parses the options of a bench, or prints its help for --help.
 *
 * @returns undefined after the help
 */
export function benchOptions<const O extends BenchOptions>(
  args: readonly string[],
  bench: string,
  purpose: string,
  options: O,
): Values<O> | undefined {
  if (!args.includes('--help')) return parseOptions(args, options);
  console.log(`npm run bench -- ${bench} [options]\n${purpose}\n${describeOptions(options)}`);
  return undefined;
}

/** Values by name; the values of a list that is given several times are joined. */
export function parseOptions<const O extends BenchOptions>(args: readonly string[], options: O): Values<O> {
  const declared = Object.entries(options).map(([name, [, takes]]) => {
    return [name, takes === undefined ? { type: 'boolean' as const } : { type: 'string' as const, multiple: true }];
  });
  const config = { args: [...args], options: Object.fromEntries(declared) };
  const values: Readonly<Record<string, unknown>> = parseArgs(config).values;
  const entries = Object.entries<BenchOption>(options).map(([name, [, takes, byDefault]]) => {
    const value = values[name];
    if (!Array.isArray(value)) return [name, takes === undefined ? value === true : byDefault];
    return [name, takes?.includes(',') ? value.join(',') : value.at(-1)];
  });
  return Object.fromEntries(entries);
}

/** One line per option. */
export function describeOptions(options: BenchOptions): string {
  const lines = Object.entries(options).map(([name, [describe, takes, byDefault]]) => {
    const shown = byDefault === undefined || byDefault === '' ? '' : ` (default ${byDefault})`;
    return [`  --${name}${takes === undefined ? '' : ` ${takes}`}`, `${describe}${shown}`] as const;
  });
  const width = Math.max(...lines.map(([option]) => option.length)) + 2;
  return lines.map(([option, text]) => option.padEnd(width) + text).join('\n');
}

/** @throws UserError unless the text is a whole number from `least` to `most` */
export function wholeNumber(option: string, text: string, least = 1, most: number = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const expected = most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `${least} to ${most}`;
  throw usageError(option, text, expected);
}
