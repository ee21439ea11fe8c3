import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from './errors.ts';
import { fileReason } from './file-reason.ts';
import { removeAtExit } from './writers/at-exit.ts';

/** A folder for what is needed while a command runs. */
export interface TemporaryFolder {
  readonly path: string;
  /** With all that is in it; never throws. */
  remove(): Promise<void>;
}

/** @throws UserError when the folder for temporary files cannot take one */
export async function makeTemporaryFolder(purpose: string): Promise<TemporaryFolder> {
  try {
    const path = await mkdtemp(join(tmpdir(), `featuretap-${purpose}-`));
    const done = removeAtExit(path);
    return {
      path,
      remove: async () => {
        await rm(path, { recursive: true, force: true }).catch(() => undefined);
        done();
      },
    };
  } catch (cause) {
    throw new UserError({
      what: 'temporary files cannot be written',
      where: tmpdir(),
      found: fileReason(cause),
      fix: 'the environment variable TMPDIR names a folder that can be written, on a disk with room',
      cause,
    });
  }
}
