import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runFolder, runPath } from '../../features/manifest/layout.ts';
import { type LockOwner, takeLock } from '../../features/run/lock.ts';
import { removeFile } from '../../system/durable.ts';
import { InterruptedError, UserError } from '../../system/errors.ts';
import { type Files, listIfThere } from '../../system/files.ts';
import { readJson, writeJson } from '../records/progress-file.ts';

/** Heartbeat file under `.run/`, rewritten while a merge runs. */
const beatFile = 'merging.json';

interface Beat {
  readonly host: string;
  readonly pid: number;
  readonly token: string;
  readonly count: number;
}

/** A merge without a heartbeat in this many consecutive checks is dead. */
const looks = 6;
const defaultBeatMs = 10_000;

export interface MergeLock {
  /** @throws UserError if another merge has declared this one dead */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

interface MergeLockOptions {
  readonly command: string;
  readonly signal?: AbortSignal;
  readonly onNote?: (line: string) => void;
  readonly beatMs?: number;
}

/**
 * Takes the set's write lock for a merge. A merge writes a heartbeat every ten seconds; one on another machine without
 * a new heartbeat for a minute is considered dead, so that its replacement need not wait for somebody to delete a file.
 * Clocks of different machines are not compared.
 *
 * @throws UserError if a living process holds the lock
 */
export async function takeMergeLock(files: Files, set: string, options: MergeLockOptions): Promise<MergeLock> {
  const { command, beatMs = defaultBeatMs } = options;
  const lock = await takeLock(files, set, command).catch(async (error) => {
    if (!(error instanceof UserError) || !(await clearDeadMerge(files, set, options))) throw error;
    return takeLock(files, set, command);
  });
  const beat = { host: hostname(), pid: process.pid, token: randomBytes(8).toString('hex') };
  let count = 0;
  // Awaited, because the holder of the lock removes partial files.
  await writeBeat(files, set, { ...beat, count }).catch(async (error) => {
    await lock.release();
    throw error;
  });
  let writing: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    writing = writing.then(() => writeBeat(files, set, { ...beat, count: ++count })).catch(() => undefined);
  }, beatMs);
  timer.unref();
  return {
    assertHeld: async () => {
      await writing;
      if ((await readBeat(files, set))?.token === beat.token) return;
      throw new UserError({
        what: 'another merge considered this one dead and took over',
        where: set,
        fix: 'leave it to that one',
      });
    },
    release: async () => {
      clearInterval(timer);
      await writing.catch(() => undefined);
      if ((await readBeat(files, set))?.token === beat.token) await removeFile(files, runPath(set, beatFile));
      await lock.release();
    },
  };
}

/** @returns whether the lock was held by a dead merge on another machine; it is then removed */
async function clearDeadMerge(
  files: Files,
  set: string,
  { command, signal, beatMs = defaultBeatMs, onNote = () => {} }: MergeLockOptions,
): Promise<boolean> {
  const first = await readBeat(files, set);
  if (first === undefined || first.host === hostname()) return false;
  const locks = await locksOf(files, set, first);
  if (locks.length === 0) return false;
  onNote(`a merge on ${first.host} holds the set; waiting a minute to see whether it is still running`);
  for (let look = 0; look < looks; look++) {
    await sleep(beatMs, undefined, { signal }).catch(() => {
      throw new InterruptedError(command);
    });
    const now = await readBeat(files, set);
    if (now?.token !== first.token || now.count !== first.count) return false;
  }
  for (const file of locks) await removeFile(files, runPath(set, file));
  return true;
}

/** The lock files of the process of a heartbeat. */
async function locksOf(files: Files, set: string, { host, pid }: Beat): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await listIfThere(files, join(set, runFolder))) {
    if (!/^lock-.*\.json$/.test(name)) continue;
    const owner = await readJson<LockOwner>(files, runPath(set, name));
    if (owner?.host === host && owner.pid === pid) found.push(name);
  }
  return found;
}

async function writeBeat(files: Files, set: string, beat: Beat): Promise<void> {
  await writeJson(files, runPath(set, beatFile), beat);
}

function readBeat(files: Files, set: string): Promise<Beat | undefined> {
  return readJson<Beat>(files, runPath(set, beatFile));
}
