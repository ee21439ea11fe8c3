import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * Cores that this process may compute on: those it is allowed to use, each counted once however many threads it runs.
 * Convolutions keep a core's arithmetic units busy with one thread; a second one on it only gets in the way.
 */
export function usableCores(): number {
  const allowed = availableParallelism();
  if (process.platform !== 'linux') return allowed;
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '';
    return Math.max(1, Math.min(allowed, countCores(parseCpuList(list), readSiblings)));
  } catch {
    return allowed;
  }
}

/** The processors of a list as the kernel writes it: `0-3,8,10-11`. */
export function parseCpuList(list: string): readonly number[] {
  return list.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last)) throw new RangeError(`processor list ${list}`);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** Distinct cores among processors. `siblingsOf` names the processors of a processor's core, the same for all of them. */
export function countCores(processors: readonly number[], siblingsOf: (processor: number) => string): number {
  return new Set(processors.map(siblingsOf)).size;
}

function readSiblings(processor: number): string {
  return readFileSync(`/sys/devices/system/cpu/cpu${processor}/topology/thread_siblings_list`, 'utf8').trim();
}
