/** A small seeded generator (mulberry32, Tommy Ettinger, public domain), uniform in [0, 1), for pictures and tests. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Value noise with smooth interpolation, several octaves, in [0, 1]. */
export function cloudNoise(seed: number): (x: number, y: number) => number {
  const lattice = (x: number, y: number): number => {
    let h = (Math.imul(x, 374761393) + Math.imul(y, 668265263) + Math.imul(seed, 2246822519)) | 0;
    h = Math.imul(h ^ (h >>> 13), 1274126177);
    return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
  };
  const smooth = (t: number): number => t * t * (3 - 2 * t);
  const octave = (): ((x: number, y: number) => number) => {
    // Adjacent pixels are usually in the same square of the lattice, so its corners are cached.
    let [atX, atY, topLeft, topRight, bottomLeft, bottomRight] = [Number.NaN, Number.NaN, 0, 0, 0, 0];
    return (x, y) => {
      const x0 = Math.floor(x);
      const y0 = Math.floor(y);
      if (x0 !== atX || y0 !== atY) {
        atX = x0;
        atY = y0;
        topLeft = lattice(x0, y0);
        topRight = lattice(x0 + 1, y0);
        bottomLeft = lattice(x0, y0 + 1);
        bottomRight = lattice(x0 + 1, y0 + 1);
      }
      const fx = smooth(x - x0);
      const fy = smooth(y - y0);
      const top = topLeft * (1 - fx) + topRight * fx;
      const bottom = bottomLeft * (1 - fx) + bottomRight * fx;
      return top * (1 - fy) + bottom * fy;
    };
  };
  const [coarse, middle, fine] = [octave(), octave(), octave()];
  return (x, y) => coarse(x, y) * 0.55 + middle(x * 2.1, y * 2.1) * 0.3 + fine(x * 4.3, y * 4.3) * 0.15;
}
