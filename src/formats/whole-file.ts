import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { UserError } from '../system/errors.ts';
import { fileReason } from '../system/file-reason.ts';

export interface WholeFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** sha256 of `bytes`, lower-case hex. */
  readonly sha256: string;
}

/**
 * Reads a file that the user named, whole. Throws UserError where it cannot be read.
 *
 * @param what how the message calls it: `weights file`, `saved head`
 */
export async function readWholeFile(path: string, what: string): Promise<WholeFile> {
  try {
    const bytes = await readFile(path);
    return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    throw new UserError({
      what: `The ${what} cannot be read`,
      where: path,
      found: fileReason(error),
      expected: 'a file that can be read',
      fix: 'name the file where it lies',
      cause: error,
    });
  }
}
