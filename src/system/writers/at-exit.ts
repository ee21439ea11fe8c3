import { rmSync } from 'node:fs';

const paths = new Set<string>();

/**
 * Removes a file or folder if the process exits before it is finished, as on a second Ctrl-C.
 *
 * @returns call it when the file or folder is finished
 */
export function removeAtExit(path: string): () => void {
  if (paths.size === 0) process.on('exit', removeAll);
  paths.add(path);
  return () => {
    paths.delete(path);
    if (paths.size === 0) process.off('exit', removeAll);
  };
}

function removeAll(): void {
  for (const path of paths) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The next writer of the same file removes it.
    }
  }
}
