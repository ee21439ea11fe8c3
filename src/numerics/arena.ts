/**
 * Float64 arrays reused by consecutive fits. Without it, large arrays of several fits would accumulate until the
 * garbage collector runs.
 */
export interface Arena {
  /** An array of zeros, valid until `reset`. */
  take(length: number): Float64Array;
  reset(): void;
}

export function createArena(): Arena {
  const arrays: Float64Array[] = [];
  let taken = 0;
  return {
    take: (length) => {
      const at = taken++;
      const found = arrays[at];
      if (found !== undefined && found.length >= length) return found.subarray(0, length).fill(0);
      const made = new Float64Array(length);
      arrays[at] = made;
      return made;
    },
    reset: () => {
      taken = 0;
    },
  };
}
