import { transpose } from '../../../numerics/arrays.kernel.ts';
import type { Convolution, MapRows } from './convolution.ts';
import type { Sides } from './positions.ts';
import type { RowOperators } from './row-operators.ts';
import type { TailConv } from './tail.ts';

/** Outputs of a tile and taps of a kernel, along a side. */
const [outputsPerTile, tapsPerSide] = [4, 3] as const;

/**
 * Interpolation points, besides infinity. Input transforms with these are exact; of the sets tried with 256 channels,
 * they have the smallest error: 1 and 2 instead of 3/4 and 3/2 give 1.6 times as much.
 */
const points = [0, 0.75, -0.75, 1.5, -1.5] as const;

/** Inputs of a tile along a side. */
const inputsPerTile = points.length + 1;

/** Products per tile: one for each element of its transform. */
export const tileElements: number = inputsPerTile ** 2;

export interface ConstantMatrix {
  readonly shape: readonly [rows: number, columns: number];
  readonly data: Float32Array;
}

/** Transforms between a map and its tiles; elements come first, then tiles. */
interface Tiles {
  readonly count: number;
  /** [elements x tiles, positions]: transforms of the inputs of a map padded by 1. */
  readonly ofInputs: ConstantMatrix;
  /** [positions, elements x tiles]: outputs of the tiles' products. */
  readonly toOutputs: ConstantMatrix;
}

/** [elements, tapsPerSide x tapsPerSide]: transforms of kernels. */
const kernelTransform: ConstantMatrix = elementsOf(side().kernels);

/**
 * Tiles of a 3 x 3 convolution with stride 1 and padding 1: Winograd's F(4 x 4, 3 x 3) (Lavin and Gray, "Fast
 * Algorithms for Convolutional Neural Networks", 2016), with 36 instead of 144 products per tile of 4 x 4 outputs.
 */
function tilesOf({ height, width }: Sides): Tiles {
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

function transposedMatrix({ shape: [rows, columns], data }: ConstantMatrix): ConstantMatrix {
  return { shape: [columns, rows], data: transpose(data, rows, columns, new Float32Array(data.length)) };
}

/**
 * Matrices of Winograd's convolution along one side, outputs = Aᵀ ((G kernel) * (Bᵀ inputs)), by rows: A is `outputs`, Bᵀ
 * `inputs`, G `kernels`. Toom-Cook polynomial multiplication, transposed into a correlation; the last row is the point at
 * infinity.
 */
function side() {
  const others = (point: number): number[] => points.filter((other) => other !== point);
  const scale = (point: number): number => others(point).reduce((product, other) => product * (point - other), 1);
  const last = (length: number): number[] => Array.from({ length }, (_, i) => (i === length - 1 ? 1 : 0));
  const powers = (point: number, length: number): number[] => Array.from({ length }, (_, i) => point ** i);
  return {
    outputs: [...points.map((point) => powers(point, outputsPerTile)), last(outputsPerTile)],
    inputs: [...points.map((point) => [...withRoots(others(point)), 0]), withRoots(points)],
    kernels: [
      ...points.map((point) => powers(point, tapsPerSide).map((power) => power / scale(point))),
      last(tapsPerSide),
    ],
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

/**
 * A 3 x 3 convolution by Winograd's algorithm, or undefined if it saves nothing. Every step is linear, so the backward
 * pass uses the transposed matrices.
 */
export function winogradConvolution(on: RowOperators, input: MapRows, conv: TailConv): Convolution | undefined {
  const { kernel, stride, padding, inChannels, outChannels } = conv;
  if (kernel !== 3 || stride !== 1 || padding !== 1) return undefined;
  const { height, width } = input.sides;
  const positions = height * width;
  const tiles = tilesOf(input.sides);
  const rows = tileElements * tiles.count;
  const taps = kernel * kernel;
  const [direct, byTiles] = [positions * taps * inChannels * outChannels, rows * inChannels * outChannels];
  if (!on.takesWinograd(direct, byTiles + rows * positions * (inChannels + outChannels), tiles.count)) return undefined;
  const kind = `${height}x${width}`;

  /** Multiplies a constant matrix with the rows as [columns, images x channels]. */
  const transformed = (name: string, { shape, data }: typeof tiles.ofInputs, map: string, channels: number): string => {
    const wide = on.node('Flatten', [on.reshape(map, [shape[1], -1, channels])], { axis: 1 });
    const size = { rows: shape[0], columns: { perImage: channels } };
    return on.rowsByColumns(on.matrix(`${name}.${kind}`, { shape, data }), wide, size);
  };
  /** [elements, tiles x images, channels] */
  const elements = (flat: string, channels: number): string => on.reshape(flat, [tileElements, -1, channels]);
  const once = <T>(make: (name: string) => T): ((name: string) => T) => {
    const known = new Map<string, T>();
    return (name) => {
      const found = known.get(name) ?? make(name);
      known.set(name, found);
      return found;
    };
  };

  const inputTiles = once((map) => elements(transformed('tiles', tiles.ofInputs, map, inChannels), inChannels));
  /** [elements, outChannels, inChannels] of [outChannels, taps x inChannels]. */
  const kernelTiles = once((kernels) => {
    const byTap = on.node('Transpose', [on.reshape(kernels, [outChannels, taps, inChannels])], { perm: [1, 0, 2] });
    const flat = on.reshape(byTap, [taps, outChannels * inChannels]);
    const size = { rows: tileElements, columns: outChannels * inChannels };
    const product = on.rowsByColumns(on.matrix('kernel tiles', kernelTransform), flat, size);
    return on.reshape(product, [tileElements, outChannels, inChannels]);
  });
  const gradientTiles = once((gradient) =>
    elements(transformed('gradient tiles', transposedMatrix(tiles.toOutputs), gradient, outChannels), outChannels),
  );

  return {
    output: input.sides,
    forward: (kernels, bias) => {
      const product = on.batched(inputTiles(input.rows), kernelTiles(kernels), { transB: 1 });
      const flat = on.reshape(product, [rows, -1, outChannels]);
      const output = on.reshape(transformed('outputs', tiles.toOutputs, flat, outChannels), [-1, outChannels]);
      return bias === undefined ? output : on.add(output, bias);
    },
    kernelGradient: (gradient, name) => {
      const product = on.batched(gradientTiles(gradient), inputTiles(input.rows), { transA: 1 });
      const flat = on.reshape(product, [tileElements, outChannels * inChannels]);
      const size = { rows: taps, columns: outChannels * inChannels };
      const byTap = on.rowsByColumns(on.matrix('kernel taps', transposedMatrix(kernelTransform)), flat, size);
      const kernels = on.node('Transpose', [on.reshape(byTap, [taps, outChannels, inChannels])], { perm: [1, 0, 2] });
      return on.node('Reshape', [kernels, on.ints([outChannels, taps * inChannels])], {}, name);
    },
    inputGradient: (gradient, kernels) => {
      const product = on.batched(gradientTiles(gradient), kernelTiles(kernels));
      const flat = on.reshape(product, [rows, -1, inChannels]);
      const back = transformed('inputs', transposedMatrix(tiles.ofInputs), flat, inChannels);
      return on.reshape(back, [-1, inChannels]);
    },
  };
}
