import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from './errors.ts';

/** Attempts to create a folder whose parent exists: each retry needs another process to interfere between two calls. */
const mostTries = 5;

/**
 * Creates a folder and its missing parents; concurrent calls of several processes are safe. Node's `recursive` option
 * hangs if a folder cannot be created in an existing parent, as in /proc (Node 20.20).
 */
export async function makeFolder(path: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await mkdir(path);
      return;
    } catch (error) {
      const code = errorCode(error);
      if (await isFolder(path)) return;
      const above = dirname(path);
      if (code !== 'ENOENT' || above === path) throw error;
      // Another process may have created the parent between the two calls: try again.
      if (!(await isFolder(above))) await makeFolder(above);
      else if (tries === mostTries) throw error;
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
