import { valueAt } from '../../../system/at.ts';
import { gatheredInputs, type Sides, sidesBehind, tapGroups } from './positions.ts';
import type { RowOperators } from './row-operators.ts';
import type { TailConv } from './tail.ts';
import { winogradConvolution } from './winograd.ts';

/** A map as rows: [positions x images, channels]. */
export interface MapRows {
  readonly rows: string;
  readonly sides: Sides;
  readonly channels: number;
}

/** A convolution in a graph. Output and gradients are matrix products of gathered rows (im2col). */
export interface Convolution {
  readonly output: Sides;
  /** The output's rows: kernels are [outChannels, kernel x kernel x inChannels], the bias is [outChannels]. */
  forward(kernels: string, bias?: string): string;
  /** Gradient of the kernels, [outChannels, kernel x kernel x inChannels], from that of the output. */
  kernelGradient(gradient: string, name?: string): string;
  /** Gradient of the input, [input positions x images, inChannels]: the transposed convolution. */
  inputGradient(gradient: string, kernels: string): string;
}

export function positionsOf({ height, width }: Sides): number {
  return height * width;
}

/**
 * Prepares a convolution of a map. Kernels are [outChannels, kernel x kernel x inChannels], with the channels of a tap
 * contiguous.
 */
export function convolution(on: RowOperators, input: MapRows, conv: TailConv): Convolution {
  const { kernel, stride, padding, inChannels, outChannels } = conv;
  const output = sidesBehind(input.sides, conv);
  const [inputs, outputs] = [positionsOf(input.sides), positionsOf(output)];
  const depth = kernel * kernel * inChannels;
  const byTiles = winogradConvolution(on, input, conv);
  if (byTiles !== undefined) return byTiles;
  const isPointwise = kernel === 1 && stride === 1 && padding === 0;
  const kind = `${input.sides.height}x${input.sides.width}.k${kernel}.s${stride}.p${padding}`;
  const places = gatheredInputs(input.sides, conv);
  /** [output positions x images, kernel x kernel x inChannels] */
  const columnsOf = (from: number, to: number): string => {
    if (isPointwise) return on.between(input.rows, inputs, inChannels, from, to);
    const own = places.subarray(from * kernel * kernel, to * kernel * kernel);
    const named = { name: `inputs.${kind}.${from}-${to}`, data: own };
    return on.pick(input.rows, inputs, inChannels, named, kernel * kernel);
  };

  /** Groups of input positions, concatenated: [groups' positions x images, inChannels]. */
  const byGroups = (gradient: string, kernels: string): string => {
    const groups = tapGroups(input.sides, conv);
    const byTap = on.node('Transpose', [on.reshape(kernels, [outChannels, kernel * kernel, inChannels])], {
      perm: [1, 0, 2],
    });
    const reached = groups.filter(({ taps }) => taps.length > 0);
    const parts = reached.map(({ taps, positions, outputs: places }, index) => {
      const depthOfGroup = taps.length * outChannels;
      const own =
        taps.length === kernel * kernel
          ? byTap
          : on.node('Gather', [byTap, on.places(`taps.${kind}.${index}`, Int32Array.from(taps))], { axis: 0 });
      const flat = on.reshape(own, [depthOfGroup, inChannels]);
      return on.byPositions(positions.length, inChannels, (from, to, size) => {
        const data = places.subarray(from * taps.length, to * taps.length);
        const reachable = { name: `outputs.${kind}.${index}.${from}-${to}`, data };
        return on.rowsByColumns(on.pick(gradient, outputs, outChannels, reachable, taps.length), flat, size);
      });
    });
    if (parts.length === 1 && groups.length === 1) return valueAt(parts, 0);
    // Restores the map's order; positions that no tap reaches get zeros.
    const together = reached.flatMap(({ positions }) => positions);
    const place = new Int32Array(inputs).fill(together.length);
    together.forEach((position, at) => {
      place[position] = at;
    });
    const joined = parts.length === 1 ? valueAt(parts, 0) : on.node('Concat', parts, { axis: 0 });
    return on.pick(joined, together.length, inChannels, { name: `order.${kind}`, data: place }, 1);
  };

  return {
    output,
    forward: (kernels, bias) =>
      on.byPositions(outputs, outChannels, (from, to, size) =>
        on.rowsByRows(columnsOf(from, to), kernels, size, bias === undefined ? [] : [bias]),
      ),
    // Gathered again: kept from the forward pass, they would take most of a step's memory.
    kernelGradient: (gradient, name) =>
      on.columnsByColumns(gradient, columnsOf(0, outputs), { rows: outChannels, columns: depth }, name),
    inputGradient: (gradient, kernels) =>
      isPointwise
        ? on.byPositions(inputs, inChannels, (from, to, size) =>
            on.rowsByColumns(on.between(gradient, outputs, outChannels, from, to), kernels, size),
          )
        : byGroups(gradient, kernels),
  };
}
