import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeFile, writeDurably } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, listIfThere, readIfThere } from '../../system/files.ts';
import { isDead, type ProcessIdentity, thisProcess } from '../../system/writers/process-identity.ts';
import { runFolder, runPath } from '../manifest/layout.ts';

/** Who holds a lock, or wants it. */
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
 * Takes a feature set's writing lock. Each process announces itself in a file of its own, then looks who else did: of
 * two that start at once the later one to look sees the other, so never both go on, and taking over from a dead
 * process is the removal of its file, which any number may do at once. Needs no more of a shared file system than
 * that a rename is seen by a later listing.
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
      // Of those that wait, the one whose name sorts first stays announced and the others step back until it is done.
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
    // An announcement that nobody stands behind would keep others out.
    await files.remove(path).catch(() => undefined);
    throw error;
  }
}

/** One process may hold locks of several sets. */
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

/** A file that is not an owner's announcement protects nobody: announcements are renamed into place whole. */
export function parseOwner(bytes: Uint8Array): LockOwner | undefined {
  try {
    const owner: LockOwner = JSON.parse(new TextDecoder().decode(bytes));
    const whole = typeof owner.host === 'string' && Number.isInteger(owner.pid) && typeof owner.started === 'string';
    return whole && (owner.state === 'held' || owner.state === 'waiting') ? owner : undefined;
  } catch {
    return undefined;
  }
}

function heldBy(folder: string, holder: FoundOwner): UserError {
  const here = holder.host === hostname();
  return new UserError({
    what: 'another process is writing this feature set',
    where: folder,
    found: `process ${holder.pid} on ${here ? 'this machine' : holder.host}: ${holder.command}`,
    fix: here
      ? 'wait until it is done, or write another set with --name OTHER'
      : `wait until it is done; if that process is gone, delete ${runPath(folder, holder.file)}`,
  });
}
