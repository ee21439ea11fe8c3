import { existsSync } from 'node:fs';
import { valueAt } from '../system/at.ts';
import { usageError } from '../system/errors.ts';
import { ownCommand, type VerbName, verbNames } from '../system/own-command.ts';
import { counted } from '../system/printable.ts';

/** A whole command as it can be typed again. @param args with the verb among them */
export function retyped(args: readonly string[]): string {
  const at = args.findIndex((arg) => verbNames.includes(arg as VerbName));
  if (at < 0) return args.join(' ');
  return ownCommand(args[at] as VerbName, [...args.slice(0, at), ...args.slice(at + 1)]);
}

/** The same words for another verb. */
export function asVerb(args: readonly string[], verb: VerbName): readonly string[] {
  const at = args.findIndex((arg) => verbNames.includes(arg as VerbName));
  return at < 0 ? [verb, ...args] : args.with(at, verb);
}

/** The command with several words joined to an existing path that was typed without quotes, or undefined. */
export function withWholePath(words: readonly string[], args: readonly string[]): string | undefined {
  const whole = words.join(' ');
  if (words.length < 2 || !existsSync(whole)) return undefined;
  return `did you mean ${whole}? ${retyped([...args.filter((arg) => !words.includes(arg)), whole])}`;
}

/** The positional path of a feature set, or undefined. @throws UserError for several */
export function onePath(words: readonly string[], { args }: { readonly args: readonly string[] }): string | undefined {
  if (words.length < 2) return words[0];
  throw usageError('the feature set', counted(words.length, 'folder'), 'one', withWholePath(words, args));
}

/** The command with an option set to a value ('' for a flag); a new option follows the verb. */
export function withOption(args: readonly string[], name: string, value: string): readonly string[] {
  const at = args.findIndex((arg) => isOption(arg, name));
  const place = at < 0 ? args.findIndex((arg) => verbNames.includes(arg as VerbName)) + 1 : at;
  const option = value === '' ? [`--${name}`] : [`--${name}`, value];
  return [...args.slice(0, place), ...option, ...withoutOption(args.slice(place), name)];
}

/** The command without an option. */
export function withoutOption(args: readonly string[], name: string): readonly string[] {
  const kept: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = valueAt(args, at);
    if (!isOption(arg, name)) kept.push(arg);
    // Drop its value too: a word, or a negative number.
    else if (/^-(?:.|-[^=]+)$/.test(arg) && /^(?!-)|^-\.?\d/.test(args[at + 1] ?? '-')) at++;
  }
  return kept;
}

/** yargs takes `--test-size` and `--testSize` alike, and `--C 1`, `-C 1` and `-C1`. */
function isOption(arg: string, name: string): boolean {
  if (!arg.startsWith('--')) return name.length === 1 && arg.startsWith(`-${name}`);
  const [given = ''] = arg.slice(2).split('=');
  return given.replaceAll(/(?<=.)[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) === name;
}
