import { sideBehind, type TailConv } from './tail.ts';

/** Sides of a map, whose positions are numbered row by row. */
export interface Sides {
  readonly height: number;
  readonly width: number;
}

export function sidesBehind({ height, width }: Sides, conv: TailConv): Sides {
  return { height: sideBehind(height, conv), width: sideBehind(width, conv) };
}

/**
 * The input positions of a convolution: im2col as a list of rows to gather.
 *
 * @returns [output positions x kernel x kernel]; the number of input positions means padding, a row of zeros
 */
export function gatheredInputs(input: Sides, conv: TailConv): Int32Array {
  const output = sidesBehind(input, conv);
  const { kernel, stride, padding } = conv;
  const places: number[] = [];
  for (let y = 0; y < output.height; y++) {
    for (let x = 0; x < output.width; x++) {
      for (let i = 0; i < kernel; i++) {
        for (let j = 0; j < kernel; j++)
          places.push(placeIn(input, y * stride + i - padding, x * stride + j - padding));
      }
    }
  }
  return Int32Array.from(places);
}

/** Input positions reached by the same taps of a kernel. */
interface TapGroup {
  /** Taps, numbered row by row. */
  readonly taps: readonly number[];
  readonly positions: readonly number[];
  /** [positions x taps]: the output position of each tap; the number of positions for none, a row of zeros. */
  readonly outputs: Int32Array;
}

/**
 * The transposed convolution as lists of rows to gather. A stride s divides the input positions into s x s groups with
 * different taps, so that no products are wasted; stride 1 gives one group.
 */
export function tapGroups(input: Sides, conv: TailConv): readonly TapGroup[] {
  const output = sidesBehind(input, conv);
  const { kernel, stride, padding } = conv;
  const groups: TapGroup[] = [];
  const along = (offset: number): number[] =>
    [...Array(kernel).keys()].filter((tap) => (offset + padding - tap) % stride === 0);
  for (let top = 0; top < stride; top++) {
    for (let left = 0; left < stride; left++) {
      const taps = along(top).flatMap((i) => along(left).map((j) => i * kernel + j));
      const positions: number[] = [];
      const outputs: number[] = [];
      for (let y = top; y < input.height; y += stride) {
        for (let x = left; x < input.width; x += stride) {
          positions.push(y * input.width + x);
          for (const tap of taps) {
            const row = (y + padding - Math.floor(tap / kernel)) / stride;
            const column = (x + padding - (tap % kernel)) / stride;
            outputs.push(placeIn(output, row, column));
          }
        }
      }
      if (positions.length > 0) groups.push({ taps, positions, outputs: Int32Array.from(outputs) });
    }
  }
  return groups;
}

function placeIn({ height, width }: Sides, row: number, column: number): number {
  const isInside = row >= 0 && row < height && column >= 0 && column < width;
  return isInside ? row * width + column : height * width;
}
