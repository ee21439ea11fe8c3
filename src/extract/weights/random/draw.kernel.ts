import { nextUint32 } from '../../../numerics/xoshiro.kernel.ts';

/**
 * State of xoshiro128**, seeded by splitmix32 (https://prng.di.unimi.it/). Integer arithmetic alone, so the numbers are
 * the same on every machine and JavaScript engine.
 */
export function seedGenerator(seed: number): Int32Array {
  const state = new Int32Array(4);
  // Both halves of a seed up to 2^53 count.
  let mixed = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1)) >>> 0;
  for (let i = 0; i < 4; i++) {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    state[i] = z ^ (z >>> 15);
  }
  return state;
}

/**
 * Fills with numbers of mean 0 and the given standard deviation: each the sum of four uniform 16-bit integers, which is
 * bell-shaped, ends at 3.46 deviations, and needs no logarithm or cosine (their last bit differs between machines).
 */
export function fillBell(out: Float32Array, state: Int32Array, deviation: number): void {
  // Variance of a uniform integer on [0, 65535] is (65536^2 - 1) / 12; of four, four times that.
  const scale = deviation / Math.sqrt((65536 * 65536 - 1) / 3);
  for (let i = 0; i < out.length; i++) {
    const a = nextUint32(state);
    const b = nextUint32(state);
    const sum = (a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16);
    out[i] = (sum - 131070) * scale;
  }
}

/**
 * Pictures of overlapping discs, values on [0, 1]: [count, side, side, 3]. Discs whose radii follow r^-3 and that hide
 * each other give edges at every scale, as photos have them (the "dead leaves" of Lee, Mumford and Huang 2001,
 * https://doi.org/10.1023/A:1011109015675); each disc has a grain as texture.
 */
export function drawPictures(count: number, side: number, state: Int32Array): Float32Array {
  const out = new Float32Array(count * side * side * 3);
  const discCount = 12 * side;
  const smallest = 1.5;
  const largest = side / 2;
  const spread = 1 - (smallest * smallest) / (largest * largest);
  const colour = new Float64Array(3);
  for (let image = 0; image < count; image++) {
    for (let disc = 0; disc < discCount; disc++) {
      // The first one is the background.
      const radius = disc === 0 ? 2 * side : smallest / Math.sqrt(1 - uniform(state) * spread);
      const centreX = uniform(state) * side;
      const centreY = uniform(state) * side;
      const light = uniform(state);
      for (let c = 0; c < 3; c++) colour[c] = light + (uniform(state) - 0.5) * 0.3;
      const grain = uniform(state) * 0.2;
      const shade = ((uniform(state) - 0.5) * 0.5) / radius;
      const top = Math.max(0, Math.ceil(centreY - radius));
      const bottom = Math.min(side - 1, Math.floor(centreY + radius));
      for (let y = top; y <= bottom; y++) {
        const half = Math.sqrt(radius * radius - (y - centreY) * (y - centreY));
        const left = Math.max(0, Math.ceil(centreX - half));
        const right = Math.min(side - 1, Math.floor(centreX + half));
        for (let x = left; x <= right; x++) {
          const change = shade * (x - centreX) + grain * (uniform(state) - 0.5);
          const at = ((image * side + y) * side + x) * 3;
          for (let c = 0; c < 3; c++) out[at + c] = Math.min(1, Math.max(0, colour[c] + change));
        }
      }
    }
  }
  return out;
}

function uniform(state: Int32Array): number {
  return nextUint32(state) / 4294967296;
}
