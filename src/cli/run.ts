import { once } from 'node:events';
import yargs, { type Argv } from 'yargs';
import { InterruptedError, messageOf, UserError } from '../system/errors.ts';
import { describeOption, keepDashes, optionName, type RawOptions, readOptions } from '../system/options.ts';
import { generalCommand, isNpmScript, ownUsage, verbNames, withOwnCommands } from '../system/own-command.ts';
import { printable, printableJson } from '../system/printable.ts';
import { programVersion } from '../system/version.ts';
import { interruptSignal } from './interrupts.ts';
import { knownFailure } from './known-failure.ts';
import type { Session, Verb } from './verb.ts';
import { verbs } from './verbs.ts';
import { keptByNpm, withCorrectedCommand, wrongUsage } from './wrong-usage.ts';

type Listen = (graceMs?: number) => AbortSignal;

/**
 * Parses the arguments, runs one verb and resolves to the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
 * Results go to stdout, everything else to stderr.
 *
 * @param listen returns the signal that stops the run; default: Ctrl-C or SIGTERM
 */
export async function runCli(args: readonly string[], listen: Listen = interruptSignal): Promise<number> {
  let exitCode = 0;
  let names: readonly string[] = [];
  const parser = yargs(keepDashes(args))
    // Verbs are listed by name only; the usage line shows how to type them.
    .scriptName('')
    .version(programVersion())
    .usage(ownUsage('<verb>', '[options]'))
    .parserConfiguration({ 'parse-numbers': false, 'parse-positional-numbers': false, 'dot-notation': false })
    .option('json', { type: 'boolean', describe: everyVerb.json.describe, global: true })
    .option('quiet', { type: 'boolean', describe: everyVerb.quiet.describe, global: true })
    .option('debug', { type: 'boolean', describe: everyVerb.debug.describe, global: true })
    .strict()
    .demandCommand(1, 'no verb')
    .exitProcess(false)
    .help()
    .fail((message, error) => {
      if (error) throw error;
      const names = optionNames(parser);
      throw (isNpmScript() ? keptByNpm(args, names) : undefined) ?? wrongUsage(message, args, names);
    });
  for (const name of verbNames) {
    const { positionals, describe, load } = verbs[name];
    const usage = `${ownUsage(name, [positionals ?? '', '[options]'].join(' ').trim())}\n\n${describe}`;
    parser.command(
      [name, positionals ?? ''].join(' ').trim(),
      describe,
      async (builder) => declare(builder.usage(usage), await load()),
      async (argv) => {
        const verb = await load();
        names = optionNames(parser);
        const kept = isNpmScript() ? keptByNpm(args, names) : undefined;
        if (kept !== undefined) throw kept;
        exitCode = await verb.run(argv, openSession(argv, args, listen(verb.graceMs))).catch((error: unknown) => {
          throw knownFailure(error, verb.writes, args);
        });
      },
    );
  }
  withoutHelpBehindVerbs(parser);
  try {
    await parser.parseAsync();
    return exitCode;
  } catch (error) {
    // Loading a verb's module may fail too.
    const known = knownFailure(error, undefined, args);
    return printError(
      known instanceof UserError ? withCorrectedCommand(known, args, names) : known,
      args.includes('--debug'),
    );
  }
}

/** Stops yargs from rendering a verb's help at each run in case a failure shows it; uses yargs' internals. */
function withoutHelpBehindVerbs(parser: unknown): void {
  const known = parser as { getInternalMethods(): { getUsageInstance(): { cacheHelpMessage: () => void } } };
  known.getInternalMethods().getUsageInstance().cacheHelpMessage = () => undefined;
}

/** Names of all options known to yargs, including those of the loaded verb; not in yargs' types. */
function optionNames(parser: unknown): readonly string[] {
  return Object.keys((parser as { getOptions(): { readonly key: object } }).getOptions().key);
}

/** Options of every verb. */
const everyVerb = {
  json: { describe: 'one JSON document on stdout, nothing else there', flag: true },
  quiet: { describe: 'no progress on stderr', flag: true },
  debug: { describe: 'stack traces with errors', flag: true },
} as const;

/** Declares a verb's options for yargs as text or flags; `readOptions` checks them. */
function declare(yargs: Argv, { options, hidden = [] }: Verb): Argv {
  for (const [name, spec] of Object.entries(options)) {
    const describe = withOwnCommands(describeOption(spec));
    if (spec.positional === true) yargs.positional(name, { type: 'string', array: spec.list !== undefined, describe });
    else
      yargs.option(optionName(name), {
        type: spec.flag === true ? 'boolean' : 'string',
        ...(spec.greedy === true && { array: true }),
        hidden: hidden.includes(name),
        describe,
      });
  }
  return yargs;
}

function openSession(given: RawOptions, args: readonly string[], signal: AbortSignal): Session {
  const { json, quiet, debug } = readOptions(everyVerb, given);
  const stderr = (text: string): void => {
    process.stderr.write(`${printable(text)}\n`);
  };
  return {
    json,
    quiet,
    debug,
    signal,
    command: generalCommand(args),
    args,
    print: (text) => {
      if (!json) process.stdout.write(`${printable(text)}\n`);
    },
    write: async (text) => {
      // Files and pipes get the exact text: a path in a CSV must stay unchanged.
      const shown = process.stdout.isTTY === true ? printable(text) : text;
      if (shown !== '' && !process.stdout.write(shown)) await once(process.stdout, 'drain');
    },
    printJson: (document) => {
      if (json) process.stdout.write(`${printableJson(JSON.stringify(document, null, 2))}\n`);
    },
    note: (text) => {
      if (!quiet) stderr(text);
    },
    warn: stderr,
  };
}

function printError(error: unknown, debug: boolean): number {
  if (error instanceof InterruptedError) {
    process.stderr.write(`${typeable(error.message)}\n`);
    return 130;
  }
  const known = error instanceof UserError;
  const message = messageOf(error);
  process.stderr.write(`${known ? '' : 'unexpected error: '}${typeable(printable(message))}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  else if (!known) process.stderr.write('  fix:      run again with --debug and report what it prints\n');
  return known ? error.exitCode : 1;
}

/** Rewrites the commands in a message as the user types them. */
function typeable(message: string): string {
  return message.replace(/^ {2}(?:fix|go on): [\s\S]*/m, (lines) => withOwnCommands(lines));
}
