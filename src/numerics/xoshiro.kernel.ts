/**
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021): four 32-bit words of
 * state, advanced in place. Returns a whole number in [0, 2^32).
 */
export function nextUint32(state: Int32Array): number {
  const s1 = state[1];
  const times5 = Math.imul(s1, 5);
  const result = Math.imul((times5 << 7) | (times5 >>> 25), 9);
  const shifted = s1 << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = (state[3] << 11) | (state[3] >>> 21);
  return result >>> 0;
}

/** Whole number in [0, bound), `bound` up to 2^32; the bias is below bound / 2^32. */
export function nextBelow(state: Int32Array, bound: number): number {
  return Math.floor((nextUint32(state) / 0x1_0000_0000) * bound);
}

/**
 * Fisher-Yates shuffle of positions `from` to `end - 1`, each drawn from itself and all later positions. Equals
 * repeated `nextBelow`, with the state in registers.
 */
export function shufflePart(state: Int32Array, order: Int32Array, from: number, end: number): void {
  const length = order.length;
  let s0 = state[0];
  let s1 = state[1];
  let s2 = state[2];
  let s3 = state[3];
  for (let place = from; place < end; place++) {
    const times5 = Math.imul(s1, 5);
    const random = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = (s3 << 11) | (s3 >>> 21);
    // Both numbers are exact and non-negative: truncation is floor.
    const drawn = place + (((random / 0x1_0000_0000) * (length - place)) | 0);
    const taken = order[drawn];
    order[drawn] = order[place];
    order[place] = taken;
  }
  state[0] = s0;
  state[1] = s1;
  state[2] = s2;
  state[3] = s3;
}

/**
 * State for one stream of a seed. Streams are drawn by hashing (SplitMix32's finalizer), so that a tree's numbers
 * depend only on the seed and its own number, not on the thread that grows it.
 */
export function seedStream(seed: number, stream: number): Int32Array {
  const state = new Int32Array(4);
  let hash = 0x9e3779b9 | 0;
  for (const word of [seed >>> 0, Math.floor(seed / 0x1_0000_0000) >>> 0, stream >>> 0]) hash = mix32(hash ^ word);
  for (let i = 0; i < 4; i++) {
    hash = (hash + 0x9e3779b9) | 0;
    state[i] = mix32(hash);
  }
  // The all-zero state is the only invalid one.
  if ((state[0] | state[1] | state[2] | state[3]) === 0) state[0] = 1;
  return state;
}

function mix32(value: number): number {
  let z = (value + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}
