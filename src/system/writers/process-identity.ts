import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from '../errors.ts';

/** Identifies a process on this machine and others. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** PID namespace: containers may share a host name, but not this. Empty on other platforms. */
  readonly pidSpace: string;
  /** Start time: distinguishes a later process with the same number; empty if unknown. */
  readonly started: string;
}

export function thisProcess(): ProcessIdentity {
  const { pid } = process;
  return { host: hostname(), pid, pidSpace: pidSpace(), started: startOf(pid) };
}

/** Whether a process is certainly dead; unknown for processes of other machines. */
export function isDead(owner: ProcessIdentity): boolean {
  if (owner.host !== hostname() || owner.pidSpace !== pidSpace()) return false;
  return !isRunning(owner.pid) || (owner.started !== '' && owner.started !== startOf(owner.pid));
}

/** Whether this machine has a process of that number, be it another user's. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

function pidSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/**
 * Boot id and start time of a process on Linux (proc(5), /proc/PID/stat, field 22, in ticks since boot); else empty.
 */
export function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in field 2 may contain spaces and parentheses: count fields after the last parenthesis.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${ticks}`;
  } catch {
    return '';
  }
}

/** The command line of a local process, if the platform provides it. */
export function commandOf(pid: number): string | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.slice(0, -1).join(' ').slice(0, 200) || undefined;
  } catch {
    return undefined;
  }
}
