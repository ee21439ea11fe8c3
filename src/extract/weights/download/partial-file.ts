import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * The part of a download that is on disk. Each download has a file of its own, `NAME.PID-NUMBER.partial`, so two at once
 * do not meet; one that a dead process left is taken over by renaming it, which only one taker can do.
 */
export interface PartialFile {
  readonly path: string;
  readonly handle: FileHandle;
  close(): Promise<void>;
}

/** A download writes at least every half minute or gives up, so a file this old has no writer. */
const abandonedAfterMs = 10 * 60 * 1000;

const mine = new Set<string>();
let opened = 0;

export async function openPartialFile(target: string): Promise<PartialFile> {
  const folder = dirname(target);
  await mkdir(folder, { recursive: true });
  const path = `${target}.${process.pid}-${opened++}.partial`;
  mine.add(path);
  for (const abandoned of await abandonedFiles(target)) {
    // Another process may take it first: then there is nothing to rename.
    const taken = await rename(abandoned, path).then(
      () => true,
      () => false,
    );
    if (taken) break;
  }
  const handle = await open(path, 'a+');
  return {
    path,
    handle,
    async close() {
      await handle.close();
      mine.delete(path);
    },
  };
}

/** Removes what dead processes left of this download; called when the whole file is there. */
export async function removeAbandoned(target: string): Promise<void> {
  for (const path of await abandonedFiles(target)) await rm(path, { force: true });
}

async function abandonedFiles(target: string): Promise<readonly string[]> {
  const start = `${basename(target)}.`;
  const found: { path: string; size: number }[] = [];
  for (const name of await readdir(dirname(target))) {
    const pid = name.startsWith(start) ? /^(\d+)-\d+\.partial$/.exec(name.slice(start.length))?.[1] : undefined;
    if (pid === undefined) continue;
    const path = join(dirname(target), name);
    if (mine.has(path)) continue;
    const status = await stat(path).catch(() => undefined);
    if (status === undefined) continue;
    const silent = Date.now() - status.mtimeMs > abandonedAfterMs;
    if (Number(pid) === process.pid || silent || !isAlive(Number(pid))) found.push({ path, size: status.size });
  }
  return found.sort((a, b) => b.size - a.size).map(({ path }) => path);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
