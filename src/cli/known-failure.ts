import { join, resolve } from 'node:path';
import { UserError } from '../system/errors.ts';
import { fileReason } from '../system/file-reason.ts';
import { WriteError } from '../system/write-error.ts';
import type { Verb } from './verb.ts';

/** What failed in the library, with what the verb can do about it; what is not a failure of a disk or system stays as it is. */
export function knownFailure(error: unknown, writes: Verb['writes'], args: readonly string[]): unknown {
  if (error instanceof WriteError) {
    return writes === undefined ? error : (fileInFolder(error, writes.file, args) ?? error.advised(writes));
  }
  return systemFailure(error) ?? error;
}

/** A folder was named for a file: the same option with a file in that folder. */
function fileInFolder({ code, parts }: WriteError, file: string | undefined, args: readonly string[]) {
  if (code !== 'EISDIR' || file === undefined || parts.where === undefined) return undefined;
  const folder = resolve(parts.where);
  for (const [i, arg] of args.entries()) {
    const [, name, value = args[i + 1]] = /^--([^=]+)(?:=(.*))?$/.exec(arg) ?? [];
    if (name === undefined || value === undefined || resolve(value) !== folder) continue;
    return new UserError({ ...parts, fix: undefined, option: { name, value: join(value, file) } });
  }
  return undefined;
}

/**
 * What an error of the operating system means to a user, wherever in the program it came up; undefined for any other
 * error, which is a mistake of this program.
 */
function systemFailure(error: unknown): UserError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || (syscall === undefined && !isFileCode(code))) return undefined;
  return new UserError({
    what: `the system refused ${syscall === undefined ? 'a file' : `a call (${syscall})`}`,
    where: path,
    found: fileReason(error),
    fix:
      code === 'EMFILE' || code === 'ENFILE'
        ? 'ulimit -n 1024 lets it open more files; then run the same command again'
        : 'check the file, its folder and its disk, and run the same command again',
    cause: error,
  });
}

/** ERR_… codes are Node's own: most are a wrong argument. */
function isFileCode(code: string): boolean {
  return /^E[A-Z0-9]+$/.test(code) || code === 'ERR_FS_FILE_TOO_LARGE';
}
