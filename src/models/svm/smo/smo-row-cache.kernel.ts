import { symmetricValue } from '../gram/gram.kernel.ts';
import type { SmoProblem } from './smo.kernel.ts';

/** Rows of a problem's kernel matrix, copied to where the fast loops can read them. */
interface RowCache {
  /** Forgets all rows and fills in the problem's diagonal. */
  start(problem: SmoProblem, diagonal: Float64Array): void;
  /**
   * Where a row lies in the cache's array; copied there if it is not yet.
   *
   * @param keep a row that must not make room for it
   */
  fetch(row: number, keep: number): number;
  /** Kernel value of two rows of the problem, of which `i` was fetched last or but one. */
  value(i: number, j: number): number;
}

/** Rows of `stride` float32 that fit into the bytes: at least the two of a step, and at most all of them. */
export function cacheRows(stride: number, bytes: number): number {
  return Math.max(2, Math.min(stride, Math.floor(bytes / (4 * stride))));
}

/** @param memory room for whole rows of `stride` numbers */
export function rowCache(memory: Float32Array, stride: number): RowCache {
  const placeCount = memory.length / stride;
  /** Place of each row, or -1; row in each place. */
  const placeOf = new Int32Array(stride);
  const rowIn = new Int32Array(placeCount);
  let used = 0;
  let oldest = 0;
  let problem: SmoProblem;
  return {
    start(next, diagonal) {
      problem = next;
      const { gram, stride: gramStride, rows, count } = next;
      for (let k = 0; k < count; k++) {
        diagonal[k] = gram[rows[k] * gramStride + rows[k]];
        placeOf[k] = -1;
      }
      used = 0;
      oldest = 0;
    },
    fetch(row, keep) {
      if (placeOf[row] >= 0) return placeOf[row] * stride;
      let place = used;
      if (used < placeCount) used++;
      else {
        if (rowIn[oldest] === keep) oldest = (oldest + 1) % placeCount;
        place = oldest;
        oldest = (oldest + 1) % placeCount;
        placeOf[rowIn[place]] = -1;
      }
      placeOf[row] = place;
      rowIn[place] = row;
      const { gram, rows, count } = problem;
      const to = place * stride;
      for (let k = 0; k < count; k++) memory[to + k] = symmetricValue(gram, problem.stride, rows[row], rows[k]);
      return to;
    },
    value: (i, j) => memory[placeOf[i] * stride + j],
  };
}
