import { dirname } from 'node:path';
import { errorCode, UserError, type UserErrorParts } from './errors.ts';
import { fileReason } from './file-reason.ts';
import { type Files, formatBytes, statIfThere } from './files.ts';

/** How to make a command write elsewhere. */
export interface WriteAdvice {
  readonly option: string;
  /** Other options that name output paths. */
  readonly others?: readonly string[];
  /** Name of the file written if a folder is given. */
  readonly file?: string;
  /** Whether the same command continues where it stopped. */
  readonly goesOn?: boolean;
}

/** A file could not be written. The library knows the failure; the command adds which option changes the path. */
export class WriteError extends UserError {
  /** System error code: ENOSPC, EROFS … */
  readonly code: string;

  constructor(code: string, parts: UserErrorParts) {
    super({ ...parts, fix: parts.fix ?? fixOf(code) });
    this.code = code;
  }

  /** The same error with a fix on the command line. */
  advised(advice: WriteAdvice): WriteError {
    return new WriteError(this.code, { ...this.parts, fix: fixOf(this.code, advice) });
  }
}

/** The disk is full; the run may know how many more bytes it needs. */
export class DiskFullError extends WriteError {
  /**
   * @param bytesToFinish of this file and all that the run would still write
   * @returns the same error with that number
   */
  toFinish(bytesToFinish: number): DiskFullError {
    const { expected = '' } = this.parts;
    return new DiskFullError(this.code, {
      ...this.parts,
      expected: `${expected}, about ${formatBytes(bytesToFinish)} to finish`,
    });
  }

  override advised(advice: WriteAdvice): DiskFullError {
    return new DiskFullError(this.code, { ...this.parts, fix: fixOf(this.code, advice) });
  }
}

function fixOf(code: string, advice?: WriteAdvice): string {
  const again = `run the same command again${advice?.goesOn === true ? ': it resumes from here' : ''}`;
  const elsewhere = advice === undefined ? '' : `, or name another place with ${advice.option}`;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `make room${advice === undefined ? '' : `, or choose another disk with ${advice.option}`}, and ${again}`;
    case 'EIO':
      return `check the disk${advice === undefined ? '' : `, or choose another one with ${advice.option}`}`;
    case 'EISDIR':
      return advice === undefined ? 'name a file' : `${advice.option} names a file, not a folder`;
    case 'EMFILE':
    case 'ENFILE':
      return `ulimit -n 1024 lets it open more files; then ${again}`;
    default:
      return `check that the folder can be written to${elsewhere}, and ${again}`;
  }
}

/** @throws WriteError if a folder has the name of the output file; checked before computing anything */
export async function checkNoFolder(files: Files, path: string): Promise<void> {
  if ((await statIfThere(files, path))?.isDirectory() !== true) return;
  throw new WriteError('EISDIR', { what: 'cannot write a file', where: path, found: 'a folder, not a file' });
}

/** The error for a failed write. */
export async function writeFailure(
  files: Files,
  path: string,
  error: unknown,
  neededBytes: number,
): Promise<UserError> {
  if (error instanceof UserError) return error;
  const code = errorCode(error) ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const free = await files.freeBytes(dirname(path)).catch(() => undefined);
    return new DiskFullError(code, {
      what: code === 'EDQUOT' ? 'the disk quota is used up' : 'the disk is full',
      where: path,
      found: free === undefined ? undefined : `${formatBytes(free)} free`,
      expected: `${formatBytes(neededBytes)} for this file`,
      cause: error,
    });
  }
  return new WriteError(code, {
    what: code === 'EIO' ? 'the disk failed to write a file' : 'cannot write a file',
    where: path,
    found: fileReason(error),
    cause: error,
  });
}
