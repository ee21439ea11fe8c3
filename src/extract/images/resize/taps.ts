/**
 * Which pixels Pillow's resize takes for each pixel of the result, and by how much.
 *
 * Facts from Pillow 9.4.0, src/libImaging/Resample.c: a filter's support grows with the scale (antialiasing); weights
 * are normalized in float64 and rounded half away from zero to fixed point with 22 bits. Nearest takes the pixel under
 * each output pixel's centre instead (Geometry.c, ImagingScaleAffine).
 */

import type { Interpolation } from '../../../features/manifest/manifest.ts';
import {
  bicubicWeights,
  bilinearWeights,
  divideBy,
  roundWeights,
  type WriteWeights,
  weightsBy,
} from './filters.kernel.ts';
import { type ExactTaps, precisionBits, type Taps } from './resize.kernel.ts';

/** One of Pillow's filters: how far it reaches on either side, in pixels of the smaller image, and its values there. */
interface Filter {
  readonly reach: number;
  readonly write: WriteWeights;
}

/** 0.54f and 0.46f in Pillow's C. */
const hammingWeights = [Math.fround(0.54), Math.fround(0.46)] as const;

const filters: Readonly<Record<Exclude<Interpolation, 'nearest'>, Filter>> = {
  box: { reach: 0.5, write: weightsBy((x) => (x > -0.5 && x <= 0.5 ? 1 : 0)) },
  bilinear: { reach: 1, write: bilinearWeights },
  hamming: {
    reach: 1,
    write: weightsBy((x) => {
      const turn = Math.abs(x) * Math.PI;
      if (turn === 0) return 1;
      return Math.abs(x) >= 1 ? 0 : (Math.sin(turn) / turn) * (hammingWeights[0] + hammingWeights[1] * Math.cos(turn));
    }),
  },
  bicubic: { reach: 2, write: bicubicWeights },
  lanczos: { reach: 3, write: weightsBy((x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0)) },
};

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/** Weights for output pixels `from` up to `from + count` of a resize of one axis from `sourceSize` to `targetSize`. */
export function tapsOf(
  interpolation: Interpolation,
  sourceSize: number,
  targetSize: number,
  from: number,
  count: number,
): Taps {
  const exact = exactTapsOf(interpolation, sourceSize, targetSize, from, count);
  return { ...exact, weights: roundWeights(exact.weights, 1 << precisionBits) };
}

/** The same weights before they are rounded: PyTorch's antialiased resize of floating-point images takes these. */
export function exactTapsOf(
  interpolation: Interpolation,
  sourceSize: number,
  targetSize: number,
  from: number,
  count: number,
): ExactTaps {
  if (interpolation === 'nearest') return nearestTaps(sourceSize, targetSize, from, count);
  const { reach, write } = filters[interpolation];
  const scale = sourceSize / targetSize;
  const filterScale = Math.max(scale, 1);
  const support = reach * filterScale;
  const width = Math.ceil(support) * 2 + 1;
  const start = new Int32Array(count);
  const length = new Int32Array(count);
  const weights = new Float64Array(count * width);
  const inverse = 1 / filterScale;
  for (let i = 0; i < count; i++) {
    const center = (from + i + 0.5) * scale;
    const first = Math.max(Math.trunc(center - support + 0.5), 0);
    const used = Math.min(Math.trunc(center + support + 0.5), sourceSize) - first;
    const sum = write(weights, i * width, used, first, center, inverse);
    if (sum !== 0) divideBy(sum, weights, i * width, used);
    start[i] = first;
    length[i] = used;
  }
  return { count, width, start, length, weights };
}

/** Pillow adds the step up from pixel to pixel, and so do we: the sum may round to another pixel than a product. */
function nearestTaps(sourceSize: number, targetSize: number, from: number, count: number): ExactTaps {
  const step = sourceSize / targetSize;
  const start = new Int32Array(count);
  let center = step * 0.5;
  for (let i = 0; i < from + count; i++, center += step) {
    if (i >= from) start[i - from] = Math.min(Math.trunc(center), sourceSize - 1);
  }
  const one = new Int32Array(count).fill(1);
  return { count, width: 1, start, length: one, weights: new Float64Array(count).fill(1) };
}
