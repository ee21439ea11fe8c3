import { nearestName } from './nearest.ts';
import { printable, printableLine } from './printable.ts';

/**
 * Parts of a message about a problem that the user can fix: short phrases; `fix` is the command or edit that fixes it.
 */
export interface UserErrorParts {
  readonly what: string;
  readonly where?: string | undefined;
  readonly found?: string | undefined;
  readonly expected?: string | undefined;
  readonly fix?: string | undefined;
  /** What `found` was probably meant to be: the fix if there is no other. */
  readonly instead?: string | undefined;
  /** An option, or several, with which the same command would work: the fix if there is no other. */
  readonly option?: OptionValue | readonly OptionValue[] | undefined;
  /** A command to run first, after which the same command works with `option`. */
  readonly first?: string | undefined;
  /** 1 failed (default), 2 wrong usage. */
  readonly exitCode?: 1 | 2;
  readonly cause?: unknown;
}

/** Name of an option without dashes, and its value: '' for a flag, null to leave it out. */
interface OptionValue {
  readonly name: string;
  readonly value: string | null;
}

/**
 * An error that the user can fix. Printed as a message (what, where, found, expected, fix), with a stack trace only
 * with `--debug`.
 */
export class UserError extends Error {
  readonly parts: UserErrorParts;
  readonly exitCode: 1 | 2;

  constructor(parts: UserErrorParts) {
    super(formatParts(parts), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = 'UserError';
    this.parts = parts;
    this.exitCode = parts.exitCode ?? 1;
  }
}

/** Names of the same choices in other programs. */
// biome-ignore format: a table
const otherWords: ReadonlyMap<string, string> = new Map([
  ['fp16', 'float16'], ['half', 'float16'], ['fp32', 'float32'], ['single', 'float32'], ['gpu', 'cuda'],
  ['avg', 'mean'], ['average', 'mean'], ['gap', 'mean'], ['logistic', 'linear'], ['svc', 'svm'], ['rf', 'forest'],
  ['tf', 'tensorflow'], ['onnxruntime', 'onnx'],
]);

/** As `usageError`, for a choice: suggests the nearest word, or `usual` if none is near. */
export function choiceError(
  option: string,
  found: string,
  choices: readonly string[],
  usual: string | undefined = choices[0],
): UserError {
  const called = otherWords.get(found.toLowerCase());
  const instead = called !== undefined && choices.includes(called) ? called : nearestName(found, choices);
  return new UserError({
    what: `${option} is not usable`,
    found,
    expected: choices.join(' | '),
    exitCode: 2,
    instead,
    option: instead === undefined && usual !== undefined ? { name: bare(option), value: usual } : undefined,
  });
}

/**
 * Wrong usage of a command-line option or a library argument: exit code 2. `found` is 'nothing' for a missing one.
 *
 * @param fix a command, or a valid value, of the option `name` if it is another one; null to leave the option out, which
 *   is the default for one that was given
 */
export function usageError(
  option: string,
  found: string,
  expected: string,
  fix?: string | { readonly value: string | null; readonly name?: string },
): UserError {
  const usable = fix ?? (option.startsWith('--') && found !== 'nothing' ? { value: null } : undefined);
  return new UserError({
    ...(found === 'nothing' ? { what: `${option} is missing` } : { what: `${option} is not usable`, found }),
    expected,
    exitCode: 2,
    ...(typeof usable === 'string'
      ? { fix: usable }
      : { option: usable && { name: usable.name ?? bare(option), value: usable.value } }),
  });
}

/** `--test-size` is `test-size`. */
function bare(option: string): string {
  return option.replace(/^--/, '');
}

/** Thrown on Ctrl-C or SIGTERM; `resume` is the command that continues. Exit code 130. */
export class InterruptedError extends Error {
  readonly resume: string | undefined;

  constructor(resume?: string) {
    super(resume === undefined ? 'interrupted' : `interrupted\n  go on: ${resume}`);
    this.name = 'InterruptedError';
    this.resume = resume;
  }
}

/** The `code` of an operating system's error (`ENOENT`, `ENOSPC`), or undefined for any other value. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of an error's cause, or its own: fetch gives the reason of a failed connection only in the cause. */
export function causeOf(error: unknown): string {
  return (error instanceof Error && error.cause instanceof Error && error.cause.message) || messageOf(error);
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function formatParts(parts: UserErrorParts): string {
  const lines = [inOnePart(parts.what)];
  if (parts.where !== undefined) lines.push(`  where:    ${printableLine(parts.where)}`);
  if (parts.found !== undefined) lines.push(`  found:    ${inOnePart(parts.found)}`);
  if (parts.expected !== undefined) lines.push(`  expected: ${inOnePart(parts.expected)}`);
  const fix = parts.fix ?? (parts.instead === undefined ? optionFix(parts) : `did you mean ${parts.instead}?`);
  if (fix !== undefined) lines.push(`  fix:      ${inOnePart(fix)}`);
  return lines.join('\n');
}

/** The suggested options as a list. */
export function optionsOf({ option }: Pick<UserErrorParts, 'option'>): readonly OptionValue[] {
  if (option === undefined) return [];
  return 'name' in option ? [option] : option;
}

function optionFix(parts: UserErrorParts): string | undefined {
  const options = optionsOf(parts);
  if (options.length === 0) return undefined;
  const words = options
    .map(({ name, value }) => (value === null ? `leave --${name} out` : `--${name} ${value}`.trimEnd()))
    .join(' ');
  return afterFirst(parts, words);
}

/** What to do, after the command that has to run first if there is one. */
export function afterFirst({ first }: Pick<UserErrorParts, 'first'>, then: string): string {
  return first === undefined ? then : `${first}\nthen: ${then}`;
}

/** Indents further lines of a value, which must not look like the next part of the message. */
function inOnePart(text: string): string {
  return printable(text).replaceAll('\n', '\n            ');
}
