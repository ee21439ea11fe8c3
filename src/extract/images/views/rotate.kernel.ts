import type { SourcePixels } from '../resize/resize.kernel.ts';

type Affine = readonly [number, number, number, number, number, number];

/** Pillow computes in 16.16 fixed point if every source coordinate fits. */
const fixedLimit = 32768;

/**
 * A box of a rotated image, nearest neighbour, black outside: [height, width, 3].
 *
 * Facts from Pillow 9.4.0, src/libImaging/Geometry.c: pixel centres are mapped; coefficients are rounded to 16.16 fixed
 * point (`affine_fixed`), or for images that this does not fit, coordinates are summed in float64
 * (`ImagingTransformAffine`).
 *
 * @param matrix from a pixel of the result to its source; undefined if nothing is rotated
 */
export function rotateNearest(
  source: SourcePixels,
  matrix: Affine | undefined,
  left: number,
  top: number,
  width: number,
  height: number,
): Uint8Array {
  const out = new Uint8Array(width * height * 3);
  if (matrix === undefined) copyBox(source, left, top, width, height, out);
  else if (fitsFixed(matrix, source.width, source.height)) fixedPoint(source, matrix, left, top, width, height, out);
  else floatingPoint(source, matrix, left, top, width, height, out);
  return out;
}

function fitsFixed([a, b, c, d, e, f]: Affine, width: number, height: number): boolean {
  const fits = (x: number, y: number): boolean =>
    Math.abs(x * a + y * b + c) < fixedLimit && Math.abs(x * d + y * e + f) < fixedLimit;
  return fits(0, 0) && fits(width, height) && fits(0, height) && fits(width, 0);
}

function fixedPoint(
  source: SourcePixels,
  [a, b, c, d, e, f]: Affine,
  left: number,
  top: number,
  width: number,
  height: number,
  out: Uint8Array,
): void {
  const { data, width: sourceWidth, height: sourceHeight, channels } = source;
  const fix = (value: number): number => Math.floor(value * 65536 + 0.5);
  const stepX = fix(a);
  const stepY = fix(d);
  const rowX = fix(b);
  const rowY = fix(e);
  const originX = fix(c + a * 0.5 + b * 0.5);
  const originY = fix(f + d * 0.5 + e * 0.5);
  let to = 0;
  for (let y = top; y < top + height; y++) {
    let sourceX = (originX + rowX * y + stepX * left) | 0;
    let sourceY = (originY + rowY * y + stepY * left) | 0;
    for (let x = 0; x < width; x++) {
      const column = sourceX >> 16;
      const row = sourceY >> 16;
      if (column >= 0 && column < sourceWidth && row >= 0 && row < sourceHeight) {
        const from = (row * sourceWidth + column) * channels;
        out[to] = data[from];
        out[to + 1] = data[from + 1];
        out[to + 2] = data[from + 2];
      }
      to += 3;
      sourceX = (sourceX + stepX) | 0;
      sourceY = (sourceY + stepY) | 0;
    }
  }
}

function floatingPoint(
  source: SourcePixels,
  [a, b, c, d, e, f]: Affine,
  left: number,
  top: number,
  width: number,
  height: number,
  out: Uint8Array,
): void {
  const { data, width: sourceWidth, height: sourceHeight, channels } = source;
  let rowX = c + b * 0.5 + a * 0.5;
  let rowY = f + e * 0.5 + d * 0.5;
  let to = 0;
  for (let y = 0; y < top + height; y++) {
    if (y >= top) {
      let sourceX = rowX;
      let sourceY = rowY;
      for (let x = 0; x < left + width; x++) {
        if (x >= left) {
          // Truncation would map -0.5 to 0.
          const column = sourceX < 0 ? -1 : Math.trunc(sourceX);
          const row = sourceY < 0 ? -1 : Math.trunc(sourceY);
          if (column >= 0 && column < sourceWidth && row >= 0 && row < sourceHeight) {
            const from = (row * sourceWidth + column) * channels;
            out[to] = data[from];
            out[to + 1] = data[from + 1];
            out[to + 2] = data[from + 2];
          }
          to += 3;
        }
        sourceX += a;
        sourceY += d;
      }
    }
    rowX += b;
    rowY += e;
  }
}

function copyBox(
  source: SourcePixels,
  left: number,
  top: number,
  width: number,
  height: number,
  out: Uint8Array,
): void {
  const { data, width: sourceWidth, channels } = source;
  let to = 0;
  for (let y = top; y < top + height; y++) {
    let from = (y * sourceWidth + left) * channels;
    for (let x = 0; x < width; x++) {
      out[to] = data[from];
      out[to + 1] = data[from + 1];
      out[to + 2] = data[from + 2];
      to += 3;
      from += channels;
    }
  }
}

/** Mirrors rows of RGB pixels left to right, in place. */
export function mirrorRows(data: Uint8Array, width: number, height: number): void {
  for (let y = 0; y < height; y++) {
    let left = y * width * 3;
    let right = left + (width - 1) * 3;
    while (left < right) {
      for (let channel = 0; channel < 3; channel++) {
        const value = data[left + channel];
        data[left + channel] = data[right + channel];
        data[right + channel] = value;
      }
      left += 3;
      right -= 3;
    }
  }
}
