import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeFile, writeDurably } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, listIfThere, readIfThere } from '../../system/files.ts';
import { isDead, type ProcessIdentity, thisProcess } from '../../system/writers/process-identity.ts';
import { runFolder, runPath } from '../manifest/layout.ts';

/** A process that holds a lock or waits for it. */
export interface LockOwner extends ProcessIdentity {
  readonly command: string;
  readonly state: 'waiting' | 'held';
}

export interface Lock {
  release(): Promise<void>;
}

const attempts = 100;
const pauseMs = 20;

/**
 * Takes the write lock of a feature set. Each process creates its own lock file, then lists those of others: of two
 * that start at the same time, the later one to list sees the other, so they never both proceed. A dead process's lock
 * is removed by deleting its file, which several processes may do at once. On a shared file system this only requires
 * that a later listing sees a rename.
 *
 * @throws UserError naming the process that holds it
 */
export async function takeLock(files: Files, folder: string, command: string): Promise<Lock> {
  const me: LockOwner = { ...thisProcess(), command, state: 'waiting' };
  const mine = `lock-${me.host}-${me.pid}-${lockCount++}.json`;
  const path = runPath(folder, mine);
  const announce = (state: LockOwner['state']): Promise<string> =>
    writeDurably(files, path, [new TextEncoder().encode(`${JSON.stringify({ ...me, state })}\n`)]);
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      let others = await livingOwners(files, folder, mine);
      // Among those waiting, the first by name keeps its file; the others withdraw and try again later.
      if (others.every((other) => other.state === 'waiting' && mine < other.file)) {
        await announce('waiting');
        do {
          others = await livingOwners(files, folder, mine);
          if (others.length === 0) {
            await announce('held');
            return { release: () => removeFile(files, path) };
          }
          await sleep(pauseMs);
        } while (others.every((other) => other.state === 'waiting' && mine < other.file));
        await removeFile(files, path);
      }
      const holder = others.find((other) => other.state === 'held');
      if (holder !== undefined) throw heldBy(folder, holder);
      await sleep(pauseMs);
    }
    throw new UserError({
      what: 'a feature set stays locked',
      where: join(folder, runFolder),
      fix: 'run the command again',
    });
  } catch (error) {
    // A lock file left behind would keep others out.
    await files.remove(path).catch(() => undefined);
    throw error;
  }
}

/** A process may hold the locks of several sets. */
let lockCount = 0;

interface FoundOwner extends LockOwner {
  readonly file: string;
}

async function livingOwners(files: Files, folder: string, mine: string): Promise<readonly FoundOwner[]> {
  const owners: FoundOwner[] = [];
  for (const file of await listIfThere(files, join(folder, runFolder))) {
    if (!/^lock-.*\.json$/.test(file) || file === mine) continue;
    const bytes = await readIfThere(files, runPath(folder, file));
    if (bytes === undefined) continue;
    const owner = parseOwner(bytes);
    if (owner === undefined || isDead(owner)) await removeFile(files, runPath(folder, file));
    else owners.push({ ...owner, file });
  }
  return owners;
}

/** Undefined for a file that is not a lock: lock files are renamed into place complete. */
export function parseOwner(bytes: Uint8Array): LockOwner | undefined {
  try {
    const owner: LockOwner = JSON.parse(new TextDecoder().decode(bytes));
    const whole = typeof owner.host === 'string' && Number.isInteger(owner.pid) && typeof owner.started === 'string';
    return whole && (owner.state === 'held' || owner.state === 'waiting') ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** `process 12 on this machine: featuretap extract …` */
export function describeOwner({ host, pid, command }: LockOwner): string {
  return `process ${pid} on ${host === hostname() ? 'this machine' : host}: ${command}`;
}

function heldBy(folder: string, holder: FoundOwner): UserError {
  const here = holder.host === hostname();
  return new UserError({
    what: 'another process is writing this feature set',
    where: folder,
    found: describeOwner(holder),
    fix: here
      ? 'wait until it is done, or write another set with --name OTHER'
      : `wait until it is done; if that process is gone, delete ${runPath(folder, holder.file)}`,
  });
}
