import { createHash } from 'node:crypto';
import { UserError } from '../system/errors.ts';
import { formatBytes, nodeFiles, readWhole } from '../system/files.ts';

const largestBytes = 2 ** 31;

export interface WholeFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** Reads a whole file given by the user. Throws UserError if it cannot be read. */
export async function readWholeFile(path: string, what: string): Promise<WholeFile> {
  try {
    const bytes = await readWhole(nodeFiles, path, largestBytes);
    return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    throw new UserError({
      what: `The ${what} cannot be read`,
      where: path,
      found: error instanceof UserError ? (error.parts.found as string) : String(error),
      expected: `a regular file that can be read, of ${formatBytes(largestBytes)} at most`,
      fix: 'name the file where it lies',
      cause: error,
    });
  }
}
