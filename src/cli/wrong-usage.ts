import { UserError } from '../system/errors.ts';
import { nearestName } from '../system/nearest.ts';
import { type VerbName, verbNames } from '../system/own-command.ts';
import { retyped, withOption, withoutOption } from './retyped.ts';
import { verbs } from './verbs.ts';

/** What other programs call the same things. */
const otherVerbs: ReadonlyMap<string, VerbName> = new Map([
  ['train', 'classify'],
  ['fit', 'classify'],
  ['test', 'predict'],
  ['infer', 'predict'],
  ['inference', 'predict'],
  ['features', 'extract'],
  ['embed', 'extract'],
  ['report', 'compare'],
]);

/**
 * The error for arguments that yargs refuses: its messages name neither what was typed nor what there is.
 *
 * @param message yargs' own
 * @param optionNames every option of the verb
 */
export function wrongUsage(message: string, args: readonly string[], optionNames: readonly string[]): UserError {
  const words = args.filter((word) => !word.startsWith('-'));
  const verb = verbNames.find((name) => words.includes(name));
  if (verb === undefined) return wrongVerb(words[0], args);
  const help = `featuretap ${verb} --help lists its options`;
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ');
  if (unknown === undefined) return new UserError({ what: message, where: verb, exitCode: 2, fix: help });
  // yargs takes -test-size for the letters t, e, s, …
  const oneDash = args.find((word) => /^-[A-Za-z][\w-]+(?:=|$)/.test(word) && optionNames.includes(nameOf(word)));
  const typed =
    oneDash !== undefined
      ? [oneDash]
      : [...new Set(unknown.map((name) => args.find((word) => nameOf(word) === kebab(name)) ?? name))];
  const isOption = typed.some((word) => word.startsWith('-'));
  const corrected = typed.length === 1 ? meant(verb, typed[0] as string, optionNames) : undefined;
  return new UserError({
    what: `${verb}: unknown ${isOption ? 'option' : 'argument'}`,
    found: typed.join(' '),
    exitCode: 2,
    fix: corrected === undefined ? help : didYouMean(corrected, args, typed[0] as string),
  });
}

function wrongVerb(typed: string | undefined, args: readonly string[]): UserError {
  const nearest =
    typed === undefined ? undefined : (otherVerbs.get(typed.toLowerCase()) ?? nearestName(typed, verbNames));
  return new UserError({
    what: typed === undefined ? 'no verb was named' : 'unknown command',
    found: typed,
    expected: verbNames.join(' | '),
    fix: nearest === undefined ? 'featuretap --help says what each does' : didYouMean([nearest], args, typed as string),
    exitCode: 2,
  });
}

/** The words that one word was probably meant to be. */
function meant(verb: VerbName, typed: string, optionNames: readonly string[]): readonly string[] | undefined {
  if (typed.startsWith('-')) {
    const nearest = nearestName(nameOf(typed), optionNames);
    const [, value] = /^[^=]*(=.*)$/.exec(typed) ?? [];
    return nearest === undefined ? undefined : [`--${nearest}${value ?? ''}`];
  }
  const { wordOption } = verbs[verb];
  return wordOption === undefined ? undefined : [`--${wordOption}`, typed];
}

/** The whole command as it was meant. */
function didYouMean(corrected: readonly string[], args: readonly string[], typed: string): string {
  return `did you mean ${corrected.join(' ')}? ${retyped(args.flatMap((arg) => (arg === typed ? corrected : [arg])))}`;
}

/** An error with `instead` or `option`, with the whole command as it was meant. */
export function withMeantCommand(error: UserError, args: readonly string[]): UserError {
  const { found, instead, option, fix } = error.parts;
  if (fix !== undefined) return error;
  if (instead === undefined && option !== undefined) {
    const { name, value } = option;
    const meant = value === null ? withoutOption(args, name) : withOption(args, name, value);
    return new UserError({ ...error.parts, fix: retyped(meant) });
  }
  if (instead === undefined || found === undefined) return error;
  const corrected = args.map((arg) => {
    const [, option = '', value = arg] = /^(--[\w-]+=)(.*)$/.exec(arg) ?? [];
    return `${option}${value.split(',').map((word) => (word === found ? instead : word))}`;
  });
  if (corrected.every((arg, i) => arg === args[i])) return error;
  return new UserError({ ...error.parts, fix: `did you mean ${instead}? ${retyped(corrected)}` });
}

/** `--test-size=3` is `test-size`. */
function nameOf(word: string): string {
  return word.replace(/^--?(?:no-)?/, '').split('=')[0] as string;
}

/** yargs names an option in both spellings. */
function kebab(name: string): string {
  return name.replaceAll(/(?<=.)[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
