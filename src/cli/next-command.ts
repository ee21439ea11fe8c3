/** Verbs that package.json has a script for. */
const scripts = ['extract', 'classify', 'compare', 'predict', 'verify'];

/** A message whose commands can be typed as they stand: in a checkout the bin is on no path, and npx finds it. */
export function typeable(message: string, verbNames: readonly string[]): string {
  if (process.env['npm_lifecycle_event'] === undefined) return message;
  const command = new RegExp(`\\bfeaturetap (?=(?:${verbNames.join('|')}|--help)\\b)`, 'g');
  return message.replaceAll(/^ {2}(?:fix|go on): .*$/gm, (line) => line.replaceAll(command, 'npx featuretap '));
}

/**
 * A command that the reader can type as it stands: through npm or npx where one of them started this process, else the bin.
 *
 * @param startedBy the script that npm runs, `npx` under npx
 */
export function nextCommand(
  verb: string,
  args: readonly string[],
  startedBy: string | undefined = process.env['npm_lifecycle_event'],
): string {
  const quoted = args.map((arg) => (/^[\w@%+=:,./\\-]+$/.test(arg) ? arg : JSON.stringify(arg)));
  if (startedBy === 'npx') return ['npx', 'featuretap', verb, ...quoted].join(' ');
  if (startedBy === undefined) return ['featuretap', verb, ...quoted].join(' ');
  const script = scripts.includes(verb) ? [verb, '--'] : ['featuretap', '--', verb];
  return ['npm', 'run', ...script, ...quoted].join(' ');
}
