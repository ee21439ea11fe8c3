import { join, resolve, sep } from 'node:path';
import { UserError } from '../system/errors.ts';
import { fileReason } from '../system/file-reason.ts';
import { WriteError } from '../system/write-error.ts';
import type { Verb } from './verb.ts';

/** Adds the verb's advice to a failed write, and explains system errors; returns other errors unchanged. */
export function knownFailure(error: unknown, writes: Verb['writes'], args: readonly string[]): unknown {
  if (error instanceof WriteError) {
    if (writes === undefined) return error;
    const { option, others = [], file } = writes;
    const asked = [option, ...others].find((each) => namesPlace(each, error.parts.where, args)) ?? option;
    return fileInFolder(error, file, args) ?? error.advised({ ...writes, option: asked });
  }
  return systemFailure(error) ?? error;
}

/** Whether an option was given a path, a folder above it or something below it. */
function namesPlace(option: string, path: string | undefined, args: readonly string[]): boolean {
  if (path === undefined) return false;
  const place = resolve(path) + sep;
  return givenOptions(args).some(({ name, value }) => {
    const given = resolve(value) + sep;
    return option.startsWith(`--${name} `) && (place.startsWith(given) || given.startsWith(place));
  });
}

function givenOptions(args: readonly string[]): readonly { readonly name: string; readonly value: string }[] {
  return args.flatMap((arg, i) => {
    const [, name, value = args[i + 1]] = /^--([^=]+)(?:=(.*))?$/.exec(arg) ?? [];
    return name === undefined || value === undefined ? [] : [{ name, value }];
  });
}

/** If a folder was given for a file: the same option with a file in that folder. */
function fileInFolder({ code, parts }: WriteError, file: string | undefined, args: readonly string[]) {
  if (code !== 'EISDIR' || file === undefined || parts.where === undefined) return undefined;
  const folder = resolve(parts.where);
  const option = givenOptions(args).find(({ value }) => resolve(value) === folder);
  if (option === undefined) return undefined;
  const { name, value } = option;
  return new UserError({ ...parts, fix: undefined, option: { name, value: join(value, file) } });
}

/** Explains an operating system's error; undefined for any other error, which is a bug. */
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

/** Node's own ERR_… codes usually mean a wrong argument. */
function isFileCode(code: string): boolean {
  return /^E[A-Z0-9]+$/.test(code) || code === 'ERR_FS_FILE_TOO_LARGE';
}
