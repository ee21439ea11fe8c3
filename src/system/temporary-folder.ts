import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from './errors.ts';
import { fileReason } from './file-reason.ts';
import { removeAtExit } from './writers/at-exit.ts';

/** A temporary folder of a command. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** @throws UserError if no folder can be created there */
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
