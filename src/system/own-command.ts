import { existsSync } from 'node:fs';
import { win32 } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shortPath } from './short-path.ts';
import { program } from './version.ts';

/**
 * How this program was started, which determines how its commands are typed:
 * - `bin`: by its name, on the path
 * - `npx`: by npx, or where npx alone finds it, as in a project that depends on it
 * - `npm`: by a script of its own package.json, in a checkout
 * - `node`: by node and the path of its launcher, in a checkout
 */
export type Start = 'bin' | 'npx' | 'npm' | 'node';

/** The environment from which the start is determined. */
interface StartSigns {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `process.argv[1]`: the launcher, or the link to it that was typed. */
  readonly script: string | undefined;
  /** The program's own package.json. */
  readonly packageFile: string;
  /** Whether it runs from a checkout of the sources. */
  readonly isCheckout: boolean;
}

export function startOf({ environment, script, packageFile, isCheckout }: StartSigns): Start {
  const npmScript = environment['npm_lifecycle_event'];
  if (npmScript === 'npx') return 'npx';
  if (npmScript !== undefined) return environment['npm_package_json'] === packageFile ? 'npm' : 'npx';
  if (script === undefined || !win32.basename(script).startsWith('featuretap')) return 'bin';
  const installed = /[\\/]node_modules[\\/]/.test(script);
  if (script.endsWith('.cjs')) return isCheckout ? 'node' : installed ? 'npx' : 'bin';
  return installed ? 'npx' : 'bin';
}

/** Every verb of the command line, in the order in which `--help` lists them. */
// biome-ignore format: as in --help
export const verbNames = [
  'extract', 'classify', 'compare', 'predict', 'serve', 'find', 'suggest', 'relabel', 'export', 'convert', 'verify',
  'plan', 'merge', 'status', 'taps', 'backbones', 'devices',
] as const;

export type VerbName = (typeof verbNames)[number];

/**
 * A command of this program that works when copied, however the program was started: `featuretap predict --head …`,
 * `npx featuretap predict …`, or `npm run predict -- …` in a checkout.
 */
export function ownCommand(verb: VerbName, args: readonly string[] = [], start: Start = ownStart()): string {
  return ownUsage(verb, args.map(quoteArgument).join(' '), start);
}

/** The command that repairs a feature set. */
export function repairCommand(folder: string): string {
  return ownCommand('verify', ['--features', shortPath(folder), '--repair']);
}

/** A command in its general form, for files shared with others. @param args including the verb */
export function generalCommand(args: readonly string[]): string {
  return ['featuretap', ...args.map(quoteArgument)].join(' ');
}

/** Words as quoted by this and older versions of `quoteArgument`: nothing that a shell would execute. */
const word = /[\w@%+=:,./\\-]+|'(?:[^'\p{Cc}]|'\\'')*'|"[^"$`!\\\p{Cc}]*"/u.source;

/** Whether a text from a file is exactly one command of a verb in its general form. */
export function isGeneralCommand(text: unknown, verb: VerbName): text is string {
  return typeof text === 'string' && new RegExp(`^featuretap ${verb}(?: (?:${word}))*$`, 'u').test(text);
}

/** As `ownCommand`, with verbatim text after the verb: `[options]`. An empty verb is left out. */
export function ownUsage(verb: string, rest: string, start: Start = ownStart()): string {
  // npm takes options for its own unless a -- comes before them.
  const separator = start === 'npm' && rest !== '' ? '--' : '';
  return [commandOf(start), verb, separator, rest].filter((word) => word !== '').join(' ');
}

const generalForm = new RegExp(`(?<!npx )\\bfeaturetap (${verbNames.join('|')}|--help)\\b(?=( -)?)`, 'g');

/** Rewrites each command in its general form (`featuretap verify --features FOLDER`) in a text as `ownCommand` does. */
export function withOwnCommands(text: string, start: Start = ownStart()): string {
  return text.replaceAll(generalForm, (_general, verb: VerbName | '--help', option: string | undefined) => {
    if (verb === '--help') return start === 'npm' ? ownUsage('featuretap', verb, start) : ownUsage('', verb, start);
    return start === 'npm' && option !== undefined ? `${ownUsage(verb, '', start)} --` : ownUsage(verb, '', start);
  });
}

/** The npm script that installs a native library, which `npm ci` does not. */
export function setupCommand(library: 'cuda' | 'tensorflow'): string {
  if (isCheckout()) return `npm run setup:${library}`;
  return library === 'cuda'
    ? 'npm rebuild onnxruntime-node --ignore-scripts=false'
    : 'npm install @tensorflow/tfjs-node-gpu --ignore-scripts=false';
}

/** Quotes a word for a POSIX shell, if needed. */
export function shellWord(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** Quotes a word for this system's usual shell. */
export function quoteArgument(argument: string): string {
  if (process.platform !== 'win32') return shellWord(argument);
  return /^[\w@%+=:,./\\-]+$/.test(argument) ? argument : `"${argument.replaceAll('"', '\\"')}"`;
}

function commandOf(start: Start): string {
  switch (start) {
    case 'bin':
      return 'featuretap';
    case 'npx':
      return 'npx featuretap';
    case 'npm':
      return 'npm run';
    case 'node':
      return `node ${quoteArgument(shortPath(ownFile('scripts/featuretap.cjs')))}`;
  }
}

let started: Start | undefined;

function ownStart(): Start {
  started ??= startOf({
    environment: process.env,
    script: process.argv[1],
    packageFile: ownFile('package.json'),
    isCheckout: isCheckout(),
  });
  return started;
}

/** Whether an npm script started this program: npm then consumes some options itself. */
export function isNpmScript(): boolean {
  return ownStart() === 'npm';
}

/** Whether this program runs from a checkout, which has more scripts than the package. */
export function isCheckout(): boolean {
  return existsSync(ownFile('src/cli.ts'));
}

function ownFile(path: string): string {
  return fileURLToPath(new URL(path, program().folder));
}
