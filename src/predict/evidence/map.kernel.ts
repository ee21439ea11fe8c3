/**
 * Weighted sum over the channels at each place, plus a bias: the class activation map of Zhou, Khosla, Lapedriza, Oliva
 * and Torralba, 2016, "Learning Deep Features for Discriminative Localization".
 *
 * @param tap values of the tap for one image
 * @param weights [channels]
 * @param channelStep stride between channels
 * @param placeStep stride between positions
 * @param out [places]
 */
export function weightedMap(
  tap: Float32Array,
  weights: Float64Array,
  bias: number,
  channelStep: number,
  placeStep: number,
  out: Float64Array,
): void {
  out.fill(bias);
  for (let channel = 0; channel < weights.length; channel++) {
    const weight = weights[channel];
    for (let place = 0, at = channel * channelStep; place < out.length; place++, at += placeStep) {
      out[place] += weight * tap[at];
    }
  }
}

/** Matplotlib's viridis at nine even steps, RGB: dark purple is the lowest, yellow the highest. */
const viridis = Uint8Array.from(
  [
    [68, 1, 84],
    [71, 45, 123],
    [59, 82, 139],
    [44, 114, 142],
    [33, 145, 140],
    [40, 174, 128],
    [94, 201, 98],
    [173, 220, 48],
    [253, 231, 37],
  ].flat(),
);

/** Weights of red, green and blue in grey: ITU-R BT.601. */
const [red, green, blue] = [0.299, 0.587, 0.114];

/**
 * Blends a map's colours with the greyscale image, half each.
 *
 * @param pixels [side, side, 3], RGB
 * @param shares from 0 to 1, [side, side]
 * @returns [side, side, 3], RGB
 */
export function overGrey(pixels: Uint8Array, shares: Float64Array): Uint8Array {
  const out = new Uint8Array(pixels.length);
  for (let place = 0, at = 0; place < shares.length; place++, at += 3) {
    const grey = red * pixels[at] + green * pixels[at + 1] + blue * pixels[at + 2];
    const step = shares[place] * 8;
    const low = Math.min(7, Math.floor(step));
    const part = step - low;
    for (let c = 0; c < 3; c++) {
      const from = viridis[3 * low + c];
      const colour = from + part * (viridis[3 * low + 3 + c] - from);
      out[at + c] = Math.round((grey + colour) / 2);
    }
  }
  return out;
}

/** Bilinear between the middles of places, as PyTorch's `interpolate` with `align_corners=False`: [rows, columns] -> [side, side]. */
export function spreadMap(map: Float64Array, rows: number, columns: number, side: number): Float64Array {
  const out = new Float64Array(side * side);
  for (let y = 0, to = 0; y < side; y++) {
    const top = Math.max(0, ((y + 0.5) * rows) / side - 0.5);
    const upper = Math.min(rows - 1, Math.floor(top));
    const lower = Math.min(rows - 1, upper + 1);
    const down = top - upper;
    for (let x = 0; x < side; x++, to++) {
      const left = Math.max(0, ((x + 0.5) * columns) / side - 0.5);
      const first = Math.min(columns - 1, Math.floor(left));
      const second = Math.min(columns - 1, first + 1);
      const across = left - first;
      const above = map[upper * columns + first] * (1 - across) + map[upper * columns + second] * across;
      const below = map[lower * columns + first] * (1 - across) + map[lower * columns + second] * across;
      out[to] = above * (1 - down) + below * down;
    }
  }
  return out;
}

/** L2 norm of an image's mean-pooled features. */
export function lengthOfMeans(
  tap: Float32Array,
  channels: number,
  places: number,
  channelStep: number,
  placeStep: number,
): number {
  let squares = 0;
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0;
    for (let place = 0; place < places; place++) sum += tap[channel * channelStep + place * placeStep];
    squares += (sum / places) ** 2;
  }
  return Math.sqrt(squares);
}
