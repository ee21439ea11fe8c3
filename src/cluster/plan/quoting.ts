import { shellWord } from '../../system/own-command.ts';

/** Quotes words for a POSIX shell. */
export function shellWords(values: readonly string[]): string {
  return values.map(shellWord).join(' ');
}

/** Quotes a value of an `#SBATCH` line, which sbatch parses like a shell, up to an unquoted `#`. */
export function sbatchWord(value: string): string {
  if (/^[\w@%+=:,./-]+$/.test(value)) return value;
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** Escapes a path in a log file name, where Slurm replaces `%` and a letter. */
export function sbatchPattern(path: string): string {
  return path.replaceAll('%', '%%');
}

/** Escapes an argument of a container, where Kubernetes replaces `$(NAME)` and `$$`. */
export function containerArgument(value: string): string {
  return value.replaceAll('$', '$$$$');
}
