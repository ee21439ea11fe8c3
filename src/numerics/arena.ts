/**
 * Float64 arrays that one fit after another takes. Without it what a fit lets go of would lie about until the garbage
 * collector runs, which for large arrays may be after several more of them.
 */
export interface Arena {
  /** An array of zeros, good until `reset`. */
  take(length: number): Float64Array;
  /** Takes all arrays back. */
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
