import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../../../system/errors.ts';
import { makeFolder } from '../../../system/make-folder.ts';

/**
 * The part of a download that is on disk. Each download has a file of its own, `NAME.HOST.PID-NUMBER.partial`, so two at
 * once do not meet, on a folder that several machines share neither; one that a dead process left is taken over by
 * renaming it, which only one taker can do.
 */
export interface PartialFile {
  readonly path: string;
  readonly handle: FileHandle;
  close(): Promise<void>;
}

/** A download writes at least every half minute or gives up, so a file this old has no writer. */
const abandonedAfterMs = 10 * 60 * 1000;

/** Containers have one each, and process numbers that are all alike. */
const host = hostname();
const mine = new Set<string>();
let opened = 0;

export async function openPartialFile(target: string): Promise<PartialFile> {
  const folder = dirname(target);
  await makeFolder(folder);
  const path = `${target}.${host}.${process.pid}-${opened++}.partial`;
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
    const owner = name.startsWith(start) ? /^(.+)\.(\d+)-\d+\.partial$/.exec(name.slice(start.length)) : null;
    if (owner === null) continue;
    const [isHere, pid] = [owner[1] === host, Number(owner[2])];
    const path = join(dirname(target), name);
    if (mine.has(path)) continue;
    const status = await stat(path).catch(() => undefined);
    if (status === undefined) continue;
    const silent = Date.now() - status.mtimeMs > abandonedAfterMs;
    // Of another machine's processes nothing is known from here.
    if (silent || (isHere && (pid === process.pid || !isAlive(pid)))) found.push({ path, size: status.size });
  }
  return found.sort((a, b) => b.size - a.size).map(({ path }) => path);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
