import { readlinkSync, statSync } from 'node:fs';
import { errorCode, messageOf } from './errors.ts';

/** Node's error codes for files in words, as `found` of a message. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a file where a folder should be',
  EISDIR: 'a folder, not a file',
  EEXIST: 'a file or folder of that name is there already',
  ENOTEMPTY: 'a folder that is not empty',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'a disk that may only be read',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'more than a file may hold on this disk',
  EIO: 'the disk failed',
  ELOOP: 'a link that leads back to itself',
  ENAMETOOLONG: 'a name that is too long',
  EMFILE: 'this process may open no more files (ulimit -n)',
  ENFILE: 'this machine may open no more files',
  ENOMEM: 'not enough memory',
  EPIPE: 'its reader is gone',
  ETXTBSY: 'a program that is running',
  EBUSY: 'in use by another program',
  ESTALE: 'a file that the file server no longer knows',
  ENXIO: 'a pipe or device that nobody serves',
  ENODEV: 'a device that is not there',
  EXDEV: 'another disk',
  ETIMEDOUT: 'the file server does not answer',
  EHOSTDOWN: 'the file server does not answer',
  ENOTREGULAR: 'not a regular file',
  ERR_FS_FILE_TOO_LARGE: 'more than 2 GiB',
};

/** Why a file could not be opened, read or written, in plain words; the system's message for rare codes. */
export function fileReason(error: unknown): string {
  const { code = '', path = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  const message = messageOf(error);
  // Its message says what it is instead.
  if (code === 'ENOTREGULAR') return message;
  return (code === 'ENOENT' ? brokenLink(path) : undefined) ?? reasons[code] ?? message;
}

/** Describes a broken link: `a link to photo.jpg, where nothing is`; undefined for any other path. */
export function brokenLink(path: string): string | undefined {
  let target: string;
  try {
    target = readlinkSync(path);
  } catch {
    return undefined;
  }
  try {
    statSync(path);
    return undefined;
  } catch (error) {
    const isCircle = errorCode(error) === 'ELOOP';
    return `a link to ${target}, ${isCircle ? 'which leads back to it' : 'where nothing is'}`;
  }
}
