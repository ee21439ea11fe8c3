import { readFileSync } from 'node:fs';

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
