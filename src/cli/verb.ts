import { type OptionSpecs, type OptionValues, type RawOptions, readOptions } from '../system/options.ts';
import type { WriteAdvice } from '../system/write-error.ts';

/** What every verb gets beside its own options. */
export interface Session {
  /** One JSON document on stdout and nothing else there. */
  readonly json: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
  /** Aborted by the first Ctrl-C; the second one ends the process immediately. */
  readonly signal: AbortSignal;
  /** The command as typed, for reports: `featuretap classify --model svm`. */
  readonly command: string;
  /** The same as words, the verb among them. */
  readonly args: readonly string[];
  /** A result line: stdout, unless `--json`. */
  print(text: string): void;
  /**
   * A piece of the result as it stands, with `--json` too: for results too long to hold at once. Resolves when stdout
   * can take more.
   */
  write(text: string): Promise<void>;
  /** The one JSON document of `--json`; ignored without it. */
  printJson(document: unknown): void;
  /** Progress, hints: stderr, unless `--quiet`. */
  note(text: string): void;
  /** A warning: stderr, always. */
  warn(text: string): void;
}

/** One verb of the command line: its options, and the one call it makes. */
export interface Verb {
  readonly options: OptionSpecs;
  /** Options that it takes and that `--help` leaves out. */
  readonly hidden?: readonly string[];
  /** Where its files go, for what to do when they cannot be written. */
  readonly writes?: WriteAdvice;
  /** How long what is under way may take to end once a signal was heard, in milliseconds; default 1000. */
  readonly graceMs?: number;
  /** Resolves to the exit code; errors are thrown. @param given as yargs parsed them, by their names in kebab case */
  readonly run: (given: RawOptions, session: Session) => Promise<number>;
}

/** A verb whose call gets its options checked, typed as they are declared. */
export function defineVerb<const S extends OptionSpecs>({
  run,
  ...verb
}: Omit<Verb, 'options' | 'run'> & {
  readonly options: S;
  readonly run: (asked: OptionValues<S>, session: Session, given: RawOptions) => Promise<number>;
}): Verb {
  return { ...verb, run: async (given, session) => run(readOptions(verb.options, given), session, given) };
}
