import { shellWord } from '../../system/own-command.ts';

/** Words of a POSIX shell. */
export function shellWords(values: readonly string[]): string {
  return values.map(shellWord).join(' ');
}

/** A value of an `#SBATCH` line: sbatch reads words there as a shell does, and ends at a `#` outside of quotes. */
export function sbatchWord(value: string): string {
  if (/^[\w@%+=:,./-]+$/.test(value)) return value;
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** A path in a name of a log file, where Slurm replaces `%` and a letter. */
export function sbatchPattern(path: string): string {
  return path.replaceAll('%', '%%');
}

/** An argument of a container: Kubernetes reads `$(NAME)` in it as a variable and `$$` as a dollar. */
export function containerArgument(value: string): string {
  return value.replaceAll('$', '$$$$');
}
