import { type OptionSpecs, type OptionValues, type RawOptions, readOptions } from '../system/options.ts';
import type { WriteAdvice } from '../system/write-error.ts';

/** Common context of all verbs. */
export interface Session {
  /** One JSON document on stdout and nothing else there. */
  readonly json: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
  /** Aborted by the first Ctrl-C; the second one ends the process immediately. */
  readonly signal: AbortSignal;
  /** The command as typed, for reports: `featuretap classify --model svm`. */
  readonly command: string;
  /** The arguments, including the verb. */
  readonly args: readonly string[];
  /** A result line: stdout, unless `--json`. */
  print(text: string): void;
  /** Writes a piece of a result too long to hold at once, also with `--json`. Resolves when stdout accepts more. */
  write(text: string): Promise<void>;
  /** The one JSON document of `--json`; ignored without it. */
  printJson(document: unknown): void;
  /** Progress, hints: stderr, unless `--quiet`. */
  note(text: string): void;
  /** A warning: stderr, always. */
  warn(text: string): void;
}

/** A verb of the command line. */
export interface Verb {
  readonly options: OptionSpecs;
  /** Options accepted but not listed by `--help`. */
  readonly hidden?: readonly string[];
  /** Options that name its output files, for messages about failed writes. */
  readonly writes?: WriteAdvice;
  /** Milliseconds for an orderly stop after a signal; default 1000. */
  readonly graceMs?: number;
  /** Resolves to the exit code; errors are thrown. @param given as yargs parsed them, by their names in kebab case */
  readonly run: (given: RawOptions, session: Session) => Promise<number>;
}

/** Defines a verb whose `run` gets checked, typed options. */
export function defineVerb<const S extends OptionSpecs>({
  run,
  ...verb
}: Omit<Verb, 'options' | 'run'> & {
  readonly options: S;
  readonly run: (asked: OptionValues<S>, session: Session, given: RawOptions) => Promise<number>;
}): Verb {
  return { ...verb, run: async (given, session) => run(readOptions(verb.options, given), session, given) };
}
