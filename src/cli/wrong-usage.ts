import { existsSync } from 'node:fs';
import { imageFolders } from '../extract/images/list/holds-images.ts';
import { afterFirst, optionsOf, UserError } from '../system/errors.ts';
import { nearestName } from '../system/nearest.ts';
import { ownCommand, quoteArgument, type VerbName, verbNames } from '../system/own-command.ts';
import { retyped, withOption, withoutOption } from './retyped.ts';
import { verbs } from './verbs.ts';

/** Names of the same verbs in other programs. */
// biome-ignore format: a table
const otherVerbs: ReadonlyMap<string, VerbName> = new Map([
  ['train', 'classify'], ['fit', 'classify'], ['test', 'predict'], ['infer', 'predict'], ['inference', 'predict'],
  ['features', 'extract'], ['embed', 'extract'], ['report', 'compare'],
]);

/** Options of other programs, and what they may be here: the first that the verb has. */
// biome-ignore format: a table
const otherOptions: ReadonlyMap<string, readonly string[]> = new Map([
  ['out', ['to']], ['output', ['to', 'out', 'csv']], ['input', ['data']], ['dataset', ['data']], ['dir', ['data']],
  ['network', ['weights']], ['backbone', ['weights']], ['checkpoint', ['weights', 'head']], ['classifier', ['model']],
  ['layer', ['tap']], ['batch-size', ['batch']], ['learning-rate', ['lr']], ['random-state', ['seed']],
  ['n-estimators', ['trees']], ['n-neighbors', ['k']], ['workers', ['threads']], ['n-jobs', ['threads']],
  ['topk', ['top']],
]);

/** The error for arguments that yargs refuses; yargs' messages name neither what was typed nor what exists. */
export function wrongUsage(message: string, args: readonly string[], optionNames: readonly string[]): UserError {
  const words = args.filter((word) => !word.startsWith('-'));
  const verb = words.find((word): word is VerbName => verbNames.includes(word as VerbName));
  if (verb === undefined) return wrongVerb(words[0], args);
  const help = `featuretap ${verb} --help lists its options`;
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ');
  if (unknown === undefined) return new UserError({ what: message, where: verb, exitCode: 2, fix: help });
  // yargs reads -test-size as the letters t, e, s, …
  const oneDash = args.find((word) => /^-[A-Za-z][\w-]+(?:=|$)/.test(word) && optionNames.includes(nameOf(word)));
  const typed =
    oneDash !== undefined ? [oneDash] : [...new Set(unknown.map((name) => typedAs(name, args, optionNames)))];
  const isOption = typed.some((word) => word.startsWith('-'));
  const quoted = withSpaces(typed, args, verbs[verb].wordOption);
  const corrected = new Map<string, readonly string[]>();
  for (const word of typed) {
    // With several stray words it is unclear which was meant for what.
    const words = typed.length === 1 || word.startsWith('-') ? meant(verb, word, args, optionNames) : undefined;
    if (words !== undefined) corrected.set(word, words);
  }
  return new UserError({
    what: `${verb}: unknown ${isOption ? 'option' : 'argument'}`,
    found: typed.join(' '),
    exitCode: 2,
    fix: quoted ?? (corrected.size < typed.length ? withoutUnknown(verb, typed, args) : didYouMean(corrected, args)),
  });
}

/** An argument as it was typed, which yargs names without dashes: `data` is a word if the verb has an option --data. */
function typedAs(name: string, args: readonly string[], optionNames: readonly string[]): string {
  if (optionNames.includes(name) && args.includes(name)) return name;
  return args.find((word) => nameOf(word) === kebab(name)) ?? name;
}

function wrongVerb(typed: string | undefined, args: readonly string[]): UserError {
  const called = typed && (otherVerbs.get(typed.toLowerCase()) ?? nearestName(typed, verbNames));
  // Training on a folder begins with its features.
  const nearest = called === 'classify' && args.some((arg) => /^--data(?:=|$)/.test(arg)) ? 'extract' : called;
  return new UserError({
    what: typed === undefined ? 'no verb was given' : 'unknown command',
    found: typed,
    expected: verbNames.join(' | '),
    fix: typed && nearest ? didYouMean(new Map([[typed, [nearest]]]), args) : 'featuretap --help says what each does',
    exitCode: 2,
  });
}

/** What a word was probably meant to be. */
function meant(
  verb: VerbName,
  typed: string,
  args: readonly string[],
  optionNames: readonly string[],
): readonly string[] | undefined {
  if (typed.startsWith('-')) {
    const called = otherOptions.get(kebab(nameOf(typed)).replaceAll('_', '-').toLowerCase());
    const nearest = called?.find((name) => optionNames.includes(name)) ?? nearestName(nameOf(typed), optionNames);
    const [, value] = /^[^=]*(=.*)$/.exec(typed) ?? [];
    return nearest === undefined ? undefined : [`--${nearest}${value ?? ''}`];
  }
  const { wordOption } = verbs[verb];
  const isGiven = args.some((arg) => arg.startsWith('--') && nameOf(arg) === wordOption);
  return wordOption === undefined || isGiven ? undefined : [`--${wordOption}`, typed];
}

/**
 * The command with words that belong together: a path with spaces that was typed without quotes, or `10 %`.
 *
 * @param wordOption what a word alone is meant for
 */
function withSpaces(typed: readonly string[], args: readonly string[], wordOption?: string): string | undefined {
  const first = args.findIndex((arg) => typed.includes(arg));
  const end = args.findLastIndex((arg) => typed.includes(arg)) + 1;
  const alone = args.slice(first, end).join(' ');
  if (wordOption !== undefined && typed.length > 1 && existsSync(alone))
    return joined(first, [`--${wordOption}`, alone]);
  if (first < 1) return undefined;
  const whole = args.slice(first - 1, end).join(alone === '%' ? '' : ' ');
  return alone === '%' || existsSync(whole) ? joined(first - 1, [whole]) : undefined;

  function joined(start: number, words: readonly string[]): string {
    const command = retyped([...args.slice(0, start), ...words, ...args.slice(end)]);
    return `did you mean ${quoteArgument(words.at(-1) ?? '')}? ${command}`;
  }
}

/** The command without the unknown words, and the one that lists the options. */
function withoutUnknown(verb: VerbName, typed: readonly string[], args: readonly string[]): string {
  // If the verb takes words, the one after an unknown option is more likely such a word than its value.
  const takesWords = verbs[verb].positionals !== undefined;
  const rest = typed.reduce<readonly string[]>(
    (kept, word) =>
      takesWords || !word.startsWith('--') ? kept.filter((arg) => arg !== word) : withoutOption(kept, nameOf(word)),
    args,
  );
  const help = ownCommand(verb, ['--help']);
  if (rest.length === args.length) return `${help} lists its options`;
  return `without it:  ${retyped(rest)}\nits options: ${help}`;
}

/** The whole command as it was meant. */
function didYouMean(corrected: ReadonlyMap<string, readonly string[]>, args: readonly string[]): string {
  const words = [...corrected.values()].flat().join(' ');
  return `did you mean ${words}? ${retyped(args.flatMap((arg) => corrected.get(arg) ?? [arg]))}`;
}

/**
 * An error with `instead` or `option`, or whose fix is one option with its value, with the whole command as it was meant.
 *
 * @param optionNames every option of the verb; default: none, for an error before they are known
 */
export function withCorrectedCommand(
  error: UserError,
  args: readonly string[],
  optionNames: readonly string[] = [],
): UserError {
  const { found, instead, fix } = error.parts;
  const [, name = '', value = ''] = /^--([\w-]+) ([a-z\d][\w.]*)$/.exec(fix ?? '') ?? [];
  if (optionNames.includes(name)) return new UserError({ ...error.parts, fix: retyped(withOption(args, name, value)) });
  if (fix !== undefined) return new UserError({ ...error.parts, fix: withDataHere(fix) });
  const options = optionsOf(error.parts);
  if (instead === undefined && options.length > 0) {
    const meant = options.reduce(
      (words, { name, value }) => (value === null ? withoutOption(words, name) : withOption(words, name, value)),
      args,
    );
    return new UserError({ ...error.parts, fix: afterFirst(error.parts, retyped(meant)) });
  }
  if (instead === undefined || found === undefined) return error;
  const corrected = args.map((arg) => {
    const [, option = '', value = arg] = /^(--[\w-]+=)(.*)$/.exec(arg) ?? [];
    return `${option}${value.split(',').map((word) => (word === found ? instead : word))}`;
  });
  if (corrected.every((arg, i) => arg === args[i])) return error;
  return new UserError({ ...error.parts, fix: `did you mean ${instead}? ${retyped(corrected)}` });
}

/** A placeholder of the data folder in a command, filled in with the first folder here that holds images. */
function withDataHere(fix: string): string {
  if (!fix.includes('--data FOLDER')) return fix;
  const here = imageFolders('.');
  const data = here.includes('data') ? 'data' : here[0];
  return data === undefined ? fix : fix.replaceAll('--data FOLDER', `--data ${quoteArgument(data)}`);
}

/** Options that npm reads as abbreviations of its own. */
const shortForNpm: ReadonlyMap<string, string> = new Map([
  ['head', 'heading'],
  ['engine', 'engine-strict'],
]);

/** Options of both npm and a verb: whether they are set proves nothing. */
const ownToNpm: ReadonlySet<string> = new Set(['cache', 'json', 'quiet', 'depth', 'version', 'help', 'debug']);

/**
 * The error for options typed without `--` before them: `npm run predict --head REPORT photo.jpg` keeps them as
 * environment variables, and passes the value of an option that npm does not know as an argument.
 *
 * @returns undefined if npm kept none
 */
export function keptByNpm(
  args: readonly string[],
  optionNames: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): UserError | undefined {
  const kept = optionNames.flatMap((name): { name: string; value: string }[] => {
    // Options have two spellings here; one-letter options are not npm's.
    if (ownToNpm.has(name) || name.length === 1 || name !== kebab(name)) return [];
    const value = environment[`npm_config_${(shortForNpm.get(name) ?? name).replaceAll('-', '_')}`];
    return value === undefined ? [] : [{ name, value }];
  });
  if (kept.length === 0) return undefined;
  const words = kept.map(({ name, value }) => [`--${name}`, ...(value === 'true' ? [] : [value])]);
  // If npm passed on several values, it is unclear which option each belongs to.
  const isPlain = words.filter((option) => option.length === 1).length < 2;
  const [verb = '', ...others] = args;
  return new UserError({
    what: `npm kept ${kept.map(({ name }) => `--${name}`).join(' and ')} to itself`,
    expected: '-- between the verb and its options',
    fix: isPlain
      ? retyped([verb, ...words.toSorted((one, other) => other.length - one.length).flat(), ...others])
      : `${ownCommand(verb as VerbName)} -- and the same options again`,
    exitCode: 2,
  });
}

/** `--test-size=3` is `test-size`. */
function nameOf(word: string): string {
  return word.replace(/^--?(?:no-)?|=.*$/gs, '');
}

/** yargs names an option in both spellings. */
function kebab(name: string): string {
  return name.replaceAll(/(?<=.)[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
