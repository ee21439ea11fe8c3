import { dirname } from 'node:path';
import { syncFolder, writeFailure } from '../../system/durable.ts';
import { errorCode } from '../../system/errors.ts';
import type { Files } from '../../system/files.ts';

/**
 * Renames a folder that is not empty to a name that nobody has: of any number of processes, on any number of machines,
 * one succeeds. POSIX gives that for folders: a rename onto one that is not empty fails.
 *
 * @returns false where the name is taken
 */
export async function renameWhereFree(files: Files, from: string, to: string): Promise<boolean> {
  try {
    await files.rename(from, to);
  } catch (error) {
    const code = errorCode(error);
    // ENOTEMPTY or EEXIST, as POSIX lets a system choose; Windows says EPERM.
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || (code === 'EPERM' && process.platform === 'win32')) return false;
    throw await writeFailure(files, to, error, 0);
  }
  await syncFolder(files, dirname(to));
  return true;
}
