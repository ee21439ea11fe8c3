/** Words of a POSIX shell; anything but plain characters goes into single quotes. */
export function shellWords(values: readonly string[]): string {
  return values
    .map((value) => (/^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`))
    .join(' ');
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
