import { gatheredInputs, type Sides, sidesBehind, tapGroups } from './positions.ts';
import type { RowOperators } from './row-operators.ts';
import type { TailConv } from './tail.ts';

/** A map as rows: [batch x positions, channels]. */
export interface MapRows {
  readonly rows: string;
  readonly sides: Sides;
  readonly channels: number;
}

/** A convolution in a graph: its output is a product of gathered inputs, and so are its gradients. */
export interface Convolution {
  readonly output: Sides;
  /** The output's rows: kernels are [outChannels, kernel x kernel x inChannels], the bias is [outChannels]. */
  forward(kernels: string, bias?: string): string;
  /** Gradient of the kernels, [outChannels, kernel x kernel x inChannels], from that of the output. */
  kernelGradient(gradient: string, name?: string): string;
  /** Gradient of the input, [batch x input positions, inChannels]: the transposed convolution. */
  inputGradient(gradient: string, kernels: string): string;
}

export function positionsOf({ height, width }: Sides): number {
  return height * width;
}

/**
 * Prepares a convolution of a map. Kernels are [outChannels, kernel x kernel x inChannels]: the taps row by row, the
 * channels of each together.
 */
export function convolution(on: RowOperators, input: MapRows, conv: TailConv): Convolution {
  const { kernel, stride, padding, inChannels, outChannels } = conv;
  const output = sidesBehind(input.sides, conv);
  const [inputs, outputs] = [positionsOf(input.sides), positionsOf(output)];
  const depth = kernel * kernel * inChannels;
  const isPointwise = kernel === 1 && stride === 1 && padding === 0;
  const kind = `${input.sides.height}x${input.sides.width}.k${kernel}.s${stride}.p${padding}`;
  const places = { name: `inputs.${kind}`, data: gatheredInputs(input.sides, conv) };
  /** [images x output positions, kernel x kernel x inChannels] */
  const columnsOf = (images: string): string =>
    isPointwise ? on.reshape(images, [-1, inChannels]) : on.pick(images, places, depth);
  const images = on.images(input.rows, inputs, inChannels, places);

  /** Groups of input positions one after another: [groups' positions, inChannels] per image. */
  const byGroups = (gradient: string, kernels: string): string => {
    const groups = tapGroups(input.sides, conv);
    const byTap = on.node('Transpose', [on.reshape(kernels, [outChannels, kernel * kernel, inChannels])], {
      perm: [1, 0, 2],
    });
    const reached = groups.filter(({ taps }) => taps.length > 0);
    const parts = reached.map(({ taps, positions, outputs: places }, index) => {
      const name = `outputs.${kind}.${index}`;
      const depthOfGroup = taps.length * outChannels;
      const reachable = { name, data: places };
      const own =
        taps.length === kernel * kernel
          ? byTap
          : on.node('Gather', [byTap, on.places(`taps.${kind}.${index}`, Int32Array.from(taps))], { axis: 0 });
      const flat = on.reshape(own, [depthOfGroup, inChannels]);
      const size = { perImage: positions.length, columns: inChannels };
      const product = on.byImages(on.images(gradient, outputs, outChannels, reachable), size, (some, own) =>
        on.rowsByColumns(on.pick(some, reachable, depthOfGroup), flat, own),
      );
      return on.reshape(product, [-1, positions.length, inChannels]);
    });
    if (parts.length === 1 && groups.length === 1) return on.reshape(parts[0] as string, [-1, inChannels]);
    // Back to the order of the map; positions that no tap reaches get the row of zeros.
    const together = reached.flatMap(({ positions }) => positions);
    const place = new Int32Array(inputs).fill(together.length);
    together.forEach((position, at) => {
      place[position] = at;
    });
    const joined = parts.length === 1 ? (parts[0] as string) : on.node('Concat', parts, { axis: 1 });
    const order = { name: `order.${kind}`, data: place };
    return on.gather(joined, together.length, inChannels, order, inChannels);
  };

  return {
    output,
    forward: (kernels, bias) =>
      on.byImages(images, { perImage: outputs, columns: outChannels }, (some, own) =>
        on.rowsByRows(columnsOf(some), kernels, own, bias === undefined ? [] : [bias]),
      ),
    // Gathered once more: kept from the way forward they would take most of a step's memory.
    kernelGradient: (gradient, name) =>
      on.columnsByColumns(gradient, columnsOf(images), { rows: outChannels, columns: depth }, name),
    inputGradient: (gradient, kernels) =>
      isPointwise
        ? on.byImages(
            on.reshape(gradient, [-1, outputs, outChannels]),
            { perImage: inputs, columns: inChannels },
            (some, own) => on.rowsByColumns(on.reshape(some, [-1, outChannels]), kernels, own),
          )
        : byGroups(gradient, kernels),
  };
}
