import { ownCommand, type VerbName, verbNames } from '../system/own-command.ts';

/** A whole command as it can be typed again. @param args with the verb among them */
export function retyped(args: readonly string[]): string {
  const verb = verbNames.find((name) => args.includes(name));
  if (verb === undefined) return args.join(' ');
  const at = args.indexOf(verb);
  return ownCommand(verb, [...args.slice(0, at), ...args.slice(at + 1)]);
}

/** The same command with an option's value in place of the one that was given, or behind the verb where none was. */
export function withOption(args: readonly string[], name: string, value: string): readonly string[] {
  const option = `--${name}`;
  const at = args.findIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  if (at < 0) {
    const behind = args.findIndex((arg) => verbNames.includes(arg as VerbName)) + 1;
    return [...args.slice(0, behind), option, value, ...args.slice(behind)];
  }
  const given = args[at] === option && args[at + 1]?.startsWith('-') === false ? 2 : 1;
  return [...args.slice(0, at), option, value, ...args.slice(at + given)];
}
