import { UserError } from '../system/errors.ts';

/**
 * The error for arguments that yargs refuses: its messages name neither what was typed nor what there is.
 *
 * @param message yargs' own
 * @param verbNames every verb, in the order of `--help`
 */
export function wrongUsage(message: string, args: readonly string[], verbNames: readonly string[]): UserError {
  const words = args.filter((word) => !word.startsWith('-'));
  const verb = words.find((word) => verbNames.includes(word));
  if (verb === undefined) {
    const [typed] = words;
    const nearest = /^Did you mean (\S+)\?$/.exec(message)?.[1];
    return new UserError({
      what: typed === undefined ? 'no verb was named' : 'there is no such verb',
      ...(typed === undefined ? {} : { found: typed }),
      expected: verbNames.join(' | '),
      fix: nearest === undefined ? 'featuretap --help says what each does' : `featuretap ${nearest}`,
      exitCode: 2,
    });
  }
  const help = `featuretap ${verb} --help lists its options`;
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ');
  if (unknown === undefined) return new UserError({ what: message, where: verb, exitCode: 2, fix: help });
  const typed = unknown.map(
    (name) => args.find((word) => word.replace(/^--?(?:no-)?/, '').split('=')[0] === name) ?? name,
  );
  return new UserError({
    what: `${verb} takes no such ${typed.some((word) => word.startsWith('-')) ? 'option' : 'argument'}`,
    found: typed.join(' '),
    exitCode: 2,
    fix: help,
  });
}
