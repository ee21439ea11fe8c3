import { rmSync } from 'node:fs';

const paths = new Set<string>();

/**
 * Takes a file or folder away when the process ends before it was done with it, as at a second Ctrl-C or where what was
 * under way took too long after the first.
 *
 * @returns to be called when it is done with
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
      // The next one that writes the same file takes it away.
    }
  }
}
