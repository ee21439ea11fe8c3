import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../../../system/make-folder.ts';
import { isRunning } from '../../../system/writers/process-identity.ts';

/**
 * The received part of a download on disk. Each download has its own file, `NAME.HOST.PID-NUMBER.partial`, also on
 * folders shared between machines; the file of a dead process is taken over by renaming it, which only one process can
 * do.
 */
export interface PartialFile {
  readonly path: string;
  readonly handle: FileHandle;
  close(): Promise<void>;
}

/** Downloads write at least every half minute or give up, so older files are abandoned. */
const abandonedAfterMs = 10 * 60 * 1000;

/** Distinguishes containers, whose process numbers are similar. */
const host = hostname();
const mine = new Set<string>();
let opened = 0;

export async function openPartialFile(target: string): Promise<PartialFile> {
  const folder = dirname(target);
  await makeFolder(folder);
  const path = `${target}.${host}.${process.pid}-${opened++}.partial`;
  mine.add(path);
  for (const abandoned of await abandonedFiles(target)) {
    // Another process may have taken it first.
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

/** Removes partial files of dead processes, after the download is complete. */
export async function removeAbandoned(target: string): Promise<void> {
  for (const path of await abandonedFiles(target)) await rm(path, { force: true });
}

async function abandonedFiles(target: string): Promise<readonly string[]> {
  const start = `${basename(target)}.`;
  const found: { path: string; size: number }[] = [];
  for (const name of await readdir(dirname(target))) {
    const owner = name.startsWith(start) ? /^(.+)\.(\d+)-\d+\.partial$/.exec(name.slice(start.length)) : null;
    if (owner === null) continue;
    const [isHere, pid] = [owner[1] === host, Number(owner[2])];
    const path = join(dirname(target), name);
    if (mine.has(path)) continue;
    const status = await stat(path).catch(() => undefined);
    if (status === undefined) continue;
    const silent = Date.now() - status.mtimeMs > abandonedAfterMs;
    // The state of another machine's processes is unknown.
    if (silent || (isHere && (pid === process.pid || !isRunning(pid)))) found.push({ path, size: status.size });
  }
  return found.sort((a, b) => b.size - a.size).map(({ path }) => path);
}
