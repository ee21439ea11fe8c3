import { symmetricValue } from '../gram/gram.kernel.ts';
import type { SmoProblem } from './smo.kernel.ts';

interface RowCache {
  /** Drops all rows and fills in the problem's diagonal. */
  start(problem: SmoProblem, diagonal: Float64Array): void;
  /** Offset of a row in the cache; copied there if missing. @param keep a row not to replace by it */
  fetch(row: number, keep: number): number;
  /** Kernel value of two rows, of which `i` is one of the last two fetched. */
  value(i: number, j: number): number;
}

/** Number of rows that fit: at least the two of a step, at most all. */
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
