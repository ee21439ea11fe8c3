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

/** Fisher-Yates shuffle of positions `from` to `end - 1`, each drawn from itself and all later positions. */
export function shufflePart(state: Int32Array, order: Int32Array, from: number, end: number): void {
  for (let place = from; place < end; place++) {
    const drawn = place + nextBelow(state, order.length - place);
    const taken = order[drawn];
    order[drawn] = order[place];
    order[place] = taken;
  }
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
