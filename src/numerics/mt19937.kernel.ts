/**
 * NumPy's legacy `RandomState`: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998) with the derived draws
 * that scikit-learn's splitters use. The same seed gives the same numbers as `numpy.random.RandomState(seed)`.
 */
export interface RandomState {
  /** A whole number in [0, 2^32). */
  uint32(): number;
  /** A whole number in [0, largest], by masked rejection as NumPy's `random_interval`; `largest` < 2^32. */
  interval(largest: number): number;
  /** A float64 in [0, 1) of 53 random bits: `random_sample()`. */
  double(): number;
  /** Shuffles in place, as `shuffle` does for a one-dimensional array. */
  shuffle(values: Int32Array): void;
  /** A shuffled 0 … count - 1, as `permutation(count)`. */
  permutation(count: number): Int32Array;
}

const STATE_WORDS = 624;
const SHIFT_WORDS = 397;

/** @param seed a whole number in [0, 2^32); NumPy refuses any other seed too. */
export function randomState(seed: number): RandomState {
  const state = new Uint32Array(STATE_WORDS);
  state[0] = seed;
  for (let i = 1; i < STATE_WORDS; i++) {
    const previous = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(1812433253, previous) + i;
  }
  let position = STATE_WORDS;

  const refill = (): void => {
    for (let i = 0; i < STATE_WORDS; i++) {
      const mixed = (state[i] & 0x80000000) | (state[(i + 1) % STATE_WORDS] & 0x7fffffff);
      state[i] = state[(i + SHIFT_WORDS) % STATE_WORDS] ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    position = 0;
  };

  const uint32 = (): number => {
    if (position === STATE_WORDS) refill();
    let y = state[position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  };

  const interval = (largest: number): number => {
    if (largest === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(largest);
    let value: number;
    do value = (uint32() & mask) >>> 0;
    while (value > largest);
    return value;
  };

  const shuffle = (values: Int32Array): void => {
    for (let i = values.length - 1; i > 0; i--) {
      const j = interval(i);
      const held = values[i];
      values[i] = values[j];
      values[j] = held;
    }
  };

  return {
    uint32,
    interval,
    double: () => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992,
    shuffle,
    permutation: (count) => {
      const values = new Int32Array(count);
      for (let i = 0; i < count; i++) values[i] = i;
      shuffle(values);
      return values;
    },
  };
}

/** `count` numbers uniformly distributed within `bound` of 0. */
export function drawUniform(random: RandomState, count: number, bound: number): Float32Array {
  return Float32Array.from({ length: count }, () => bound * (2 * random.double() - 1));
}
