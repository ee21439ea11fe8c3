import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from './errors.ts';

/** Times that a folder whose parents are there is asked for again: each needs another process between two of our calls. */
const mostTries = 5;

/**
 * Makes a folder and those above it, as far as they are not there; any number of processes may make the same ones at
 * once. Node's own `recursive` never returns where a folder cannot be made although the one above is there, as in /proc
 * (seen in Node 20.20).
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
      // The folder above may have come between the two calls: then nothing is wrong, and it is asked for again.
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
