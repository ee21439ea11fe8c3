import type { Convolution, MapRows } from './convolution.ts';
import type { RowOperators } from './row-operators.ts';
import type { TailConv } from './tail.ts';
import { kernelTransform, tileElements, tilesOf, transposedMatrix } from './winograd.ts';

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
