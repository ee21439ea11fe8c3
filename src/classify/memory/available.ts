import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';

interface SystemMemory {
  readonly total: number;
  /** Without swapping: unused memory, and file caches that can be dropped. */
  readonly free: number;
  /** Limit of this process's container or control group; 0 or undefined for none. */
  readonly limit: number | undefined;
  /** Memory used in that group, without file caches. */
  readonly used: number;
}

/** Bytes available for a fit: free memory, within the container's limit. */
export function availableMemory(system: SystemMemory = readSystem()): number {
  const { total, free, limit, used } = system;
  // Without a limit, Linux reports one far above the machine's memory.
  if (limit === undefined || limit === 0 || limit >= total) return free;
  return Math.max(0, Math.min(free, limit - used));
}

function readSystem(): SystemMemory {
  const limit = process.constrainedMemory();
  return { total: totalmem(), free: freemem(), limit, used: groupUse(limit) ?? process.memoryUsage.rss() };
}

const groups = [
  { folder: '/sys/fs/cgroup', limit: 'memory.max', use: 'memory.current', cache: 'file' },
  {
    folder: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    use: 'memory.usage_in_bytes',
    cache: 'total_cache',
  },
] as const;

/** Memory used by the group without file caches; undefined if its files cannot be read. */
function groupUse(limit: number | undefined): number | undefined {
  for (const { folder, limit: limitFile, use, cache } of groups) {
    try {
      if (Number(readFileSync(join(folder, limitFile), 'utf8')) !== limit) continue;
      const used = Number(readFileSync(join(folder, use), 'utf8'));
      const stat = readFileSync(join(folder, 'memory.stat'), 'utf8');
      const cached = Number(new RegExp(`^${cache} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
      return used - cached;
    } catch {
      // Files of another version, or none.
    }
  }
  return undefined;
}
