import { valueAt } from '../system/at.ts';
import { ownCommand, type VerbName, verbNames } from '../system/own-command.ts';

/** A whole command as it can be typed again. @param args with the verb among them */
export function retyped(args: readonly string[]): string {
  const verb = verbNames.find((name) => args.includes(name));
  if (verb === undefined) return args.join(' ');
  const at = args.indexOf(verb);
  return ownCommand(verb, [...args.slice(0, at), ...args.slice(at + 1)]);
}

/** The same command with an option and its value ('' for none) in place of those that were given, or behind the verb where none was. */
export function withOption(args: readonly string[], name: string, value: string): readonly string[] {
  const at = args.findIndex((arg) => isOption(arg, name));
  const place = at < 0 ? args.findIndex((arg) => verbNames.includes(arg as VerbName)) + 1 : at;
  const option = value === '' ? [`--${name}`] : [`--${name}`, value];
  return [...args.slice(0, place), ...option, ...withoutOption(args.slice(place), name)];
}

/** The same command without an option, however often it was given. */
export function withoutOption(args: readonly string[], name: string): readonly string[] {
  const kept: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = valueAt(args, at);
    if (!isOption(arg, name)) kept.push(arg);
    // Its value goes with it: a word, or a number below zero.
    else if (!arg.includes('=') && /^(?!-)|^-\.?\d/.test(args[at + 1] ?? '-')) at++;
  }
  return kept;
}

/** yargs takes `--test-size` and `--testSize` alike. */
function isOption(arg: string, name: string): boolean {
  if (!arg.startsWith('--')) return false;
  const given = (arg.slice(2).split('=')[0] as string).replaceAll(
    /(?<=.)[A-Z]/g,
    (letter) => `-${letter.toLowerCase()}`,
  );
  return given === name;
}
