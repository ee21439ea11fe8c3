import { growTo, runsModule, startModule } from '../../../numerics/web-assembly.ts';
import { plainLoops, type SmoLoops } from './smo.kernel.ts';
import { cacheRows, rowCache } from './smo-row-cache.kernel.ts';
import { smoModule } from './smo-wasm.ts';

/** Cache of kernel rows per thread: all of a classifier's up to about 4,000 rows. */
const CACHE_BYTES = 64 * 2 ** 20;

/** The WebAssembly loops, or the plain ones without WebAssembly SIMD (x64 before SSE 4.1). */
export function openSmoLoops(capacity: number): SmoLoops {
  return runsModule(smoModule) ? wasmLoops(capacity) : plainLoops(capacity);
}

/**
 * The loops in WebAssembly SIMD (smo.wat), with bitwise equal results. Kernel rows are copied into its memory when they
 * are first needed; when it is full, the oldest is replaced.
 */
export function wasmLoops(capacity: number, cacheBytes: number = CACHE_BYTES): SmoLoops {
  const wasm = startModule<'select' | 'update'>(smoModule);
  const padded = (capacity + 3) & ~3;
  const cachedRows = cacheRows(padded, cacheBytes);
  const residualAt = 16;
  const upMaskAt = residualAt + padded * 8;
  const lowMaskAt = upMaskAt + padded * 8;
  const diagonalAt = lowMaskAt + padded * 8;
  const cacheAt = diagonalAt + padded * 8;
  growTo(wasm.memory, cacheAt + cachedRows * padded * 4);
  const { buffer } = wasm.memory;
  const extremes = new Float64Array(buffer, 0, 2);
  const residual = new Float64Array(buffer, residualAt, padded);
  const upMask = new Float64Array(buffer, upMaskAt, padded);
  const lowMask = new Float64Array(buffer, lowMaskAt, padded);
  const diagonal = new Float64Array(buffer, diagonalAt, padded);
  const cache = rowCache(new Float32Array(buffer, cacheAt, cachedRows * padded), padded);
  const addressOf = (at: number): number => cacheAt + at * 4;
  let count = 0;
  return {
    residual,
    upMask,
    lowMask,
    diagonal,
    first: 0,
    highest: 0,
    lowest: 0,
    start(problem) {
      count = problem.count;
      cache.start(problem, diagonal);
      // Padding rows are in no maximum and no minimum, and their curvature is harmless.
      for (let k = count; k < Math.min(padded, (count + 3) & ~3); k++) {
        residual[k] = 0;
        upMask[k] = Number.NEGATIVE_INFINITY;
        lowMask[k] = Number.POSITIVE_INFINITY;
        diagonal[k] = 1;
      }
    },
    value: cache.value,
    select(i) {
      const row = addressOf(cache.fetch(i, i));
      return wasm.select(count, this.highest, diagonal[i] as number, row, residualAt, lowMaskAt, diagonalAt);
    },
    update(i, j, changeI, changeJ) {
      const rowI = addressOf(cache.fetch(i, j));
      const rowJ = addressOf(cache.fetch(j, i));
      this.first = wasm.update(count, changeI, changeJ, rowI, rowJ, residualAt, upMaskAt, lowMaskAt);
      this.highest = extremes[0] as number;
      this.lowest = extremes[1] as number;
    },
  };
}
