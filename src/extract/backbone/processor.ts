import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * Number of physical cores that this process may use. One thread per core saturates it with convolutions; a second
 * hyper-thread only slows it down.
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

/** Parses a processor list of the Linux kernel: `0-3,8,10-11`. */
export function parseCpuList(list: string): readonly number[] {
  return list.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last)) throw new RangeError(`processor list ${list}`);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** Number of distinct cores. `siblingsOf` gives a processor's list of siblings on the same core. */
export function countCores(processors: readonly number[], siblingsOf: (processor: number) => string): number {
  return new Set(processors.map(siblingsOf)).size;
}

function readSiblings(processor: number): string {
  return readFileSync(`/sys/devices/system/cpu/cpu${processor}/topology/thread_siblings_list`, 'utf8').trim();
}

/**
 * Whether the processor multiplies bytes without intermediate saturation. x86 without VNNI adds pairs of products in 16
 * bits, where large ones are clipped (ONNX Runtime's documentation, "Quantize ONNX models", on U8S8 and AVX2); Arm does
 * not. Undefined if the system does not report it.
 */
export function multipliesBytesExactly(): boolean | undefined {
  if (process.arch === 'arm64') return true;
  if (process.platform !== 'linux') return undefined;
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
    return flags === undefined ? undefined : /\b(avx512_vnni|avx_vnni)\b/.test(flags);
  } catch {
    return undefined;
  }
}
