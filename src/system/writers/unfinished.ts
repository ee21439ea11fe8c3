import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import { type Files, listIfThere, type OpenFile } from '../files.ts';
import { removeAtExit } from './at-exit.ts';
import { commandOf, isRunning, startOf, thisProcess } from './process-identity.ts';

/** Suffix of temporary files; runs remove those left by killed processes. */
export const unfinishedSuffix = '.unfinished';
/** Suffix of files whose writers check for other writers before they proceed. */
const waitingSuffix = '.waiting';

const pauseMs = 20;

/** A temporary file with a unique name: `NAME.<machine>-<process>-<its start>-<number>.unfinished`. */
export interface Unfinished {
  readonly path: string;
  readonly file: OpenFile;
  /** Call it when the file is renamed or deleted: until then it is removed at exit. */
  readonly done: () => void;
}

/** Opens a temporary file of this process for `path`. */
export async function openUnfinished(files: Files, path: string): Promise<Unfinished> {
  const own = path + ownEnding() + unfinishedSuffix;
  return { path: own, file: await files.open(own, 'wx'), done: removeAtExit(own) };
}

/**
 * The same, but only one writer per path at a time, across processes. Each creates its file, then lists those of
 * others: of two that start at the same time, the later one to list sees the other, so they never both proceed. Files
 * of dead processes are removed. On a shared file system this only requires that a later listing sees a new name.
 *
 * @param waitMs to wait for another writer
 * @throws UserError naming the writer that is still active after that
 */
export async function openAlone(files: Files, path: string, waitMs: number): Promise<Unfinished> {
  const patience = performance.now() + waitMs;
  for (;;) {
    const base = path + ownEnding();
    const mine = basename(base);
    const waiting = base + waitingSuffix;
    const file = await files.open(waiting, 'wx');
    let others: readonly Writer[];
    try {
      others = await otherWriters(files, path, mine);
      // Among those waiting, the first by name stays; the others withdraw.
      while (others.every((other) => other.waiting && mine < other.name)) {
        // Twice: a listing may miss a file that is renamed meanwhile, as ours was.
        if (others.length === 0 && (await otherWriters(files, path, mine)).length === 0) {
          await files.rename(waiting, base + unfinishedSuffix);
          return { path: base + unfinishedSuffix, file, done: removeAtExit(base + unfinishedSuffix) };
        }
        await sleep(pauseMs);
        others = await otherWriters(files, path, mine);
      }
    } catch (error) {
      await file.close().catch(() => undefined);
      await files.remove(waiting).catch(() => undefined);
      throw error;
    }
    await file.close();
    await files.remove(waiting);
    const holder = others.find((other) => !other.waiting);
    if (holder !== undefined && performance.now() >= patience) throw beingWritten(path, holder);
    await sleep(pauseMs);
  }
}

/** Whether a file was left by a dead process of this machine. */
export function isAbandoned(file: string): boolean {
  const [, machine, pid = '', started = ''] =
    /\.([0-9a-f]{8})-(\d+)-([0-9a-f]{8})-\d+(?:\.unfinished|\.waiting)$/.exec(file) ?? [];
  return machine === thisMachine() && isGone(Number(pid), started);
}

/** Removes from a folder what processes of this machine left there when they were killed. */
export async function removeAbandoned(files: Files, folder: string): Promise<void> {
  for (const file of await listIfThere(files, folder)) {
    if (isAbandoned(file)) await files.remove(join(folder, file));
  }
}

interface Writer {
  readonly name: string;
  readonly file: string;
  readonly waiting: boolean;
  readonly pid: number;
  readonly isHere: boolean;
}

/** Other active writers of a path; removes files of dead ones. */
async function otherWriters(files: Files, path: string, mine: string): Promise<readonly Writer[]> {
  const [folder, target] = [dirname(path), basename(path)];
  const found: Writer[] = [];
  for (const file of await listIfThere(files, folder)) {
    if (!file.startsWith(`${target}.`)) continue;
    const parts = /^\.([0-9a-f]{8})-(\d+)-([0-9a-f]{8})-\d+(\.unfinished|\.waiting)$/.exec(file.slice(target.length));
    if (parts === null) continue;
    const [, machine, pidText = '', started = '', ending = ''] = parts;
    const name = file.slice(0, -ending.length);
    if (name === mine) continue;
    const [pid, isHere] = [Number(pidText), machine === thisMachine()];
    // The state of another machine's processes is unknown.
    if (isHere && isGone(pid, started)) await files.remove(join(folder, file));
    else found.push({ name, file, waiting: ending === waitingSuffix, pid, isHere });
  }
  return found;
}

function beingWritten(path: string, { pid, isHere, file }: Writer): UserError {
  const command = isHere ? commandOf(pid) : undefined;
  return new UserError({
    what: 'another process is writing this file',
    where: path,
    found: `process ${pid} on ${isHere ? 'this machine' : 'another machine'}${command === undefined ? '' : `: ${command}`}`,
    fix: isHere
      ? 'wait until it is done, or name another file'
      : `wait until it is done, or name another file; if that process is gone, delete ${join(dirname(path), file)}`,
  });
}

let opened = 0;
let own: { readonly machine: string; readonly start: string } | undefined;

function ownEnding(): string {
  return `.${thisMachine()}-${process.pid}-${ownNames().start}-${opened++}`;
}

function thisMachine(): string {
  return ownNames().machine;
}

function ownNames(): { readonly machine: string; readonly start: string } {
  if (own === undefined) {
    const { host, pidSpace, started } = thisProcess();
    own = { machine: short(`${host} ${pidSpace}`), start: short(started) };
  }
  return own;
}

function isGone(pid: number, started: string): boolean {
  if (pid === process.pid) return started !== ownNames().start;
  return !isRunning(pid) || started !== short(startOf(pid));
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
