import { nextUint32 } from '../../numerics/xoshiro.kernel.ts';

/** Low-dimensional similarity at distance d: 1 / (1 + a d^2b). */
interface Curve {
  readonly a: number;
  readonly b: number;
}

/** umap-learn's for `spread` 1 and `min_dist` 0.1, its defaults. */
const usualCurve: Curve = { a: 1.5769434601962196, b: 0.8950608779914887 };

const clipAt = 4;
const negativeSampleRate = 5;

const searchSteps = 64;
const tolerance = 1e-5;
const smallestShare = 1e-3;

/**
 * Weights of the fuzzy union of all neighbourhoods (umap-learn's `fuzzy_simplicial_set`): [n, n], symmetric.
 *
 * @param indices nearest rows of each row, itself first: [n, count]
 * @param distances to them: [n, count]
 */
export function fuzzyUnion(indices: Int32Array, distances: Float64Array, n: number, count: number): Float64Array {
  const weights = new Float64Array(n * n);
  let meanOfAll = 0;
  for (let row = 0; row < n; row++) meanOfAll += mean(distances, row * count, count);
  meanOfAll /= n;
  for (let row = 0; row < n; row++) {
    const at = row * count;
    let nearest = 0;
    for (let i = 0; i < count && nearest === 0; i++) nearest = distances[at + i];
    const floor = smallestShare * (nearest > 0 ? mean(distances, at, count) : meanOfAll);
    const width = Math.max(bandwidth(distances, at, count, nearest), floor);
    for (let i = 0; i < count; i++) {
      const other = indices[at + i];
      const past = distances[at + i] - nearest;
      weights[row * n + other] = other === row ? 0 : past <= 0 ? 1 : Math.exp(-(past / width));
    }
  }
  for (let row = 0; row < n; row++) {
    for (let other = row; other < n; other++) {
      const [here, there] = [row * n + other, other * n + row];
      const union = weights[here] + weights[there] - weights[here] * weights[there];
      weights[here] = union;
      weights[there] = union;
    }
  }
  return weights;
}

/** The width at which the neighbours' weights add up to log2(count); found by halving. */
function bandwidth(distances: Float64Array, at: number, count: number, nearest: number): number {
  const target = Math.log(count) / Math.log(2);
  let low = 0;
  let high = Infinity;
  let width = 1;
  for (let step = 0; step < searchSteps; step++) {
    let sum = 0;
    for (let i = 1; i < count; i++) {
      const past = distances[at + i] - nearest;
      sum += past > 0 ? Math.exp(-(past / width)) : 1;
    }
    if (Math.abs(sum - target) < tolerance) break;
    if (sum > target) high = width;
    else low = width;
    width = high === Infinity ? width * 2 : (low + high) / 2;
  }
  return width;
}

function mean(values: Float64Array, from: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[from + i];
  return sum / count;
}

/** State of the layout optimization. */
interface Layout {
  /** [n, 2] */
  readonly points: Float64Array;
  readonly epochs: number;
  /** Offsets of the two points of each weighted pair, in row order. */
  readonly heads: Int32Array;
  readonly tails: Int32Array;
  /** Epochs between samples of a pair, and the next one. */
  readonly every: Float64Array;
  readonly next: Float64Array;
  readonly nextNegative: Float64Array;
  /** x^b, as `powerTable` gives it. */
  readonly powers: Float64Array;
  readonly curve: Curve;
}

/**
 * Random initial layout in a square, for `runEpochs`.
 *
 * @param weights as `fuzzyUnion` gives them: [n, n]
 * @param random state of xoshiro128**
 */
export function startLayout(
  weights: Float64Array,
  n: number,
  epochs: number,
  random: Int32Array,
  curve: Curve = usualCurve,
): Layout {
  const points = new Float64Array(2 * n);
  for (let i = 0; i < points.length; i++) points[i] = (nextUint32(random) / 2 ** 32) * 20 - 10;
  let largest = 0;
  for (let at = 0; at < weights.length; at++) if (weights[at] > largest) largest = weights[at];
  const isPair = (at: number): boolean => weights[at] > 0 && weights[at] >= largest / epochs;
  let count = 0;
  for (let at = 0; at < weights.length; at++) if (isPair(at)) count++;
  const heads = new Int32Array(count);
  const tails = new Int32Array(count);
  const every = new Float64Array(count);
  for (let at = 0, pair = 0; at < weights.length; at++) {
    if (!isPair(at)) continue;
    tails[pair] = 2 * Math.floor(at / n);
    heads[pair] = 2 * (at % n);
    every[pair++] = epochs / ((weights[at] / largest) * epochs);
  }
  const nextNegative = every.map((each) => each / negativeSampleRate);
  return { points, epochs, heads, tails, every, next: every.slice(), nextNegative, powers: powerTable(curve.b), curve };
}

/**
 * Epochs `from` to `to - 1` of umap-learn's `optimize_layout_euclidean`: each pair attracts its points with a frequency
 * proportional to its weight, and repels the first from five random points. Updates `layout` in place.
 */
export function runEpochs(
  { points, epochs, heads, tails, every, next, nextNegative, powers, curve: { a, b } }: Layout,
  from: number,
  to: number,
  random: Int32Array,
): void {
  const n = points.length / 2;
  const word = new Float64Array(1);
  const halves = new Int32Array(word.buffer);
  // `nextUint32` with its state in registers.
  let s0 = random[0];
  let s1 = random[1];
  let s2 = random[2];
  let s3 = random[3];
  for (let epoch = from; epoch < to; epoch++) {
    const rate = 1 - Math.max(0, epoch - 1) / epochs;
    for (let pair = 0; pair < every.length; pair++) {
      if (next[pair] > epoch) continue;
      const head = heads[pair];
      const tail = tails[pair];
      let x = points[head];
      let y = points[head + 1];
      let dx = x - points[tail];
      let dy = y - points[tail + 1];
      let squared = dx * dx + dy * dy;
      if (squared > 0) {
        word[0] = squared;
        const power = powerOf(halves[1], powers);
        const pull = (-2 * a * b * power) / (squared * (a * power + 1));
        const moveX = clip(pull * dx) * rate;
        const moveY = clip(pull * dy) * rate;
        x += moveX;
        y += moveY;
        points[tail] -= moveX;
        points[tail + 1] -= moveY;
      }
      next[pair] += every[pair];
      const everyNegative = every[pair] / negativeSampleRate;
      const negatives = Math.floor((epoch - nextNegative[pair]) / everyNegative);
      for (let i = 0; i < negatives; i++) {
        const times5 = Math.imul(s1, 5);
        const drawn = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
        const shifted = s1 << 9;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= shifted;
        s3 = (s3 << 11) | (s3 >>> 21);
        // Non-negative: truncation is floor.
        const other = 2 * (((drawn / 2 ** 32) * n) | 0);
        // Not from itself.
        if (other === head) continue;
        dx = x - points[other];
        dy = y - points[other + 1];
        squared = dx * dx + dy * dy;
        if (squared > 0) {
          word[0] = squared;
          const push = (2 * b) / ((0.001 + squared) * (a * powerOf(halves[1], powers) + 1));
          x += clip(push * dx) * rate;
          y += clip(push * dy) * rate;
        } else {
          x += clipAt * rate;
          y += clipAt * rate;
        }
      }
      nextNegative[pair] += negatives * everyNegative;
      points[head] = x;
      points[head + 1] = y;
    }
  }
  random[0] = s0;
  random[1] = s1;
  random[2] = s2;
  random[3] = s3;
}

/** Comparisons are faster than `Math.min`, which handles NaN and -0. */
function clip(value: number): number {
  // biome-ignore lint/complexity/useMathMinMax: see above
  return value > clipAt ? clipAt : value < -clipAt ? -clipAt : value;
}

/** The table covers 2^-60 to 2^24; values outside are clamped. */
const firstPower = -60;
const lastPower = 24;

/**
 * x^exponent at 256 points per power of two; linear interpolation has a relative error of 4e-7. `Math.pow` would take
 * most of the layout's time.
 */
function powerTable(exponent: number): Float64Array {
  const table = new Float64Array((lastPower - firstPower) * 256 + 1);
  for (let i = 0; i < table.length; i++) {
    table[i] = (2 ** (firstPower + Math.floor(i / 256)) * (1 + (i % 256) / 256)) ** exponent;
  }
  return table;
}

/** @param high upper half of the bits of a number above 0: its power of two and 1,023 in 11 bits, 20 of its fraction */
function powerOf(high: number, table: Float64Array): number {
  // 0x3c300000 is the upper half of 2^-60; the table has 84 powers of two.
  const bits = Math.min(Math.max(high - 0x3c300000, 0), 84 * 0x100000 - 1);
  const place = bits >> 12;
  const low = table[place];
  return low + (bits & 0xfff) * 0.000244140625 * (table[place + 1] - low);
}
