import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';

/** What the system says of its memory, in bytes. */
interface SystemMemory {
  readonly total: number;
  /** Without swapping: unused memory, and file caches that can be dropped. */
  readonly free: number;
  /** Of the container or control group that this process is in; 0 or undefined for none. */
  readonly limit: number | undefined;
  /** Used under that limit, file caches not counted. */
  readonly used: number;
}

/** Bytes that a fit may take: what is free, on the machine and under the container's limit. */
export function availableMemory(system: SystemMemory = readSystem()): number {
  const { total, free, limit, used } = system;
  // Where there is no limit, Linux names one far beyond the machine.
  if (limit === undefined || limit === 0 || limit >= total) return free;
  return Math.max(0, Math.min(free, limit - used));
}

function readSystem(): SystemMemory {
  const limit = process.constrainedMemory();
  return { total: totalmem(), free: freemem(), limit, used: groupUse(limit) ?? process.memoryUsage.rss() };
}

/** Files of a control group's memory, version 2 and 1. */
const groups = [
  { folder: '/sys/fs/cgroup', limit: 'memory.max', use: 'memory.current', cache: 'file' },
  {
    folder: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    use: 'memory.usage_in_bytes',
    cache: 'total_cache',
  },
] as const;

/** What the group with this limit uses beside file caches; undefined if its files are not there to be read. */
function groupUse(limit: number | undefined): number | undefined {
  for (const { folder, limit: limitFile, use, cache } of groups) {
    try {
      if (Number(readFileSync(join(folder, limitFile), 'utf8')) !== limit) continue;
      const used = Number(readFileSync(join(folder, use), 'utf8'));
      const stat = readFileSync(join(folder, 'memory.stat'), 'utf8');
      const cached = Number(new RegExp(`^${cache} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
      return used - cached;
    } catch {
      // Another version's files, or none at all.
    }
  }
  return undefined;
}
