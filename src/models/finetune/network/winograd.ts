import { transpose } from '../../../numerics/arrays.kernel.ts';
import type { Sides } from './positions.ts';

/** Outputs of a tile and taps of a kernel, along a side. */
const [outputsPerTile, taps] = [4, 3] as const;

/**
 * Interpolation points, besides infinity. Input transforms with these are exact; of the sets tried with 256 channels,
 * they have the smallest error: 1 and 2 instead of 3/4 and 3/2 give 1.6 times as much.
 */
const points = [0, 0.75, -0.75, 1.5, -1.5] as const;

/** Inputs of a tile along a side. */
const inputsPerTile = points.length + 1;

/** Products per tile: one for each element of its transform. */
export const tileElements: number = inputsPerTile ** 2;

/** Matrices of Winograd's convolution along one side: outputs = A^T ((G kernel) * (B^T inputs)). */
interface Side {
  /** [inputsPerTile, outputsPerTile]: A. */
  readonly outputs: readonly (readonly number[])[];
  /** [inputsPerTile, inputsPerTile]: B^T. */
  readonly inputs: readonly (readonly number[])[];
  /** [inputsPerTile, taps]: G. */
  readonly kernels: readonly (readonly number[])[];
}

/** A matrix by rows. */
export interface ConstantMatrix {
  readonly shape: readonly [rows: number, columns: number];
  readonly data: Float32Array;
}

/** Transforms between a map and its tiles; elements come first, then tiles. */
export interface Tiles {
  readonly count: number;
  /** [elements x tiles, positions]: transforms of the inputs of a map padded by 1. */
  readonly ofInputs: ConstantMatrix;
  /** [positions, elements x tiles]: outputs of the tiles' products. */
  readonly toOutputs: ConstantMatrix;
}

/** [elements, taps x taps]: transforms of kernels. */
export const kernelTransform: ConstantMatrix = elementsOf(side().kernels);

/**
 * Tiles of a 3 x 3 convolution with stride 1 and padding 1: Winograd's F(4 x 4, 3 x 3) (Lavin and Gray, "Fast
 * Algorithms for Convolutional Neural Networks", 2016), with 36 instead of 144 products per tile of 4 x 4 outputs.
 */
export function tilesOf({ height, width }: Sides): Tiles {
  const across = Math.ceil(width / outputsPerTile);
  const count = Math.ceil(height / outputsPerTile) * across;
  const positions = height * width;
  const { inputs, outputs } = side();
  const ofInputs = new Float32Array(tileElements * count * positions);
  const toOutputs = new Float32Array(positions * tileElements * count);
  for (let tile = 0; tile < count; tile++) {
    const [top, left] = [Math.floor(tile / across) * outputsPerTile, (tile % across) * outputsPerTile];
    for (let element = 0; element < tileElements; element++) {
      const [i, j] = [Math.floor(element / inputsPerTile), element % inputsPerTile];
      const at = element * count + tile;
      inputs[i]?.forEach((down, y) => {
        inputs[j]?.forEach((along, x) => {
          const position = positionAt(top + y - 1, left + x - 1);
          if (position !== undefined) ofInputs[at * positions + position] = down * along;
        });
      });
      outputs[i]?.forEach((down, y) => {
        outputs[j]?.forEach((along, x) => {
          const position = positionAt(top + y, left + x);
          if (position !== undefined) toOutputs[position * tileElements * count + at] = down * along;
        });
      });
    }
  }
  return {
    count,
    ofInputs: { shape: [tileElements * count, positions], data: ofInputs },
    toOutputs: { shape: [positions, tileElements * count], data: toOutputs },
  };

  function positionAt(y: number, x: number): number | undefined {
    return y >= 0 && y < height && x >= 0 && x < width ? y * width + x : undefined;
  }
}

export function transposedMatrix({ shape: [rows, columns], data }: ConstantMatrix): ConstantMatrix {
  return { shape: [columns, rows], data: transpose(data, rows, columns, new Float32Array(data.length)) };
}

/** Toom-Cook polynomial multiplication, transposed into a correlation; the last row is the point at infinity. */
function side(): Side {
  const others = (point: number): number[] => points.filter((other) => other !== point);
  const scale = (point: number): number => others(point).reduce((product, other) => product * (point - other), 1);
  const last = (length: number): number[] => Array.from({ length }, (_, i) => (i === length - 1 ? 1 : 0));
  const powers = (point: number, length: number): number[] => Array.from({ length }, (_, i) => point ** i);
  return {
    outputs: [...points.map((point) => powers(point, outputsPerTile)), last(outputsPerTile)],
    inputs: [...points.map((point) => [...withRoots(others(point)), 0]), withRoots(points)],
    kernels: [...points.map((point) => powers(point, taps).map((power) => power / scale(point))), last(taps)],
  };
}

/** Coefficients, lowest first, of the polynomial with these roots. */
function withRoots(roots: readonly number[]): number[] {
  let coefficients = [1];
  for (const root of roots) {
    const raised = [0, ...coefficients];
    coefficients = raised.map((value, i) => value - root * (coefficients[i] ?? 0));
  }
  return coefficients;
}

/** The two-dimensional transform (Kronecker product) of a one-dimensional one. */
function elementsOf(one: readonly (readonly number[])[]): ConstantMatrix {
  const rows = one.flatMap((down) => one.map((along) => down.flatMap((a) => along.map((b) => a * b))));
  return { shape: [rows.length, rows[0]?.length ?? 0], data: Float32Array.from(rows.flat()) };
}
