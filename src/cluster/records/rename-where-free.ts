import { dirname } from 'node:path';
import { syncFolder, writeFailure } from '../../system/durable.ts';
import { errorCode } from '../../system/errors.ts';
import type { Files } from '../../system/files.ts';

/**
 * Renames a non-empty folder to an unused name: among concurrent processes on any machines, exactly one succeeds,
 * because POSIX refuses to rename onto a non-empty folder.
 *
 * @returns false if the name is taken
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
