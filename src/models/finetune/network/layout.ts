import {
  featureCountOf,
  type TailBlock,
  type TailConv,
  type TailShape,
  type TailTensor,
  tailConvolutions,
} from './tail.ts';

/** Tensors of a network by torchvision's names, kernels as the graphs take them. */
export type GraphTensors = ReadonlyMap<string, Float32Array>;

/** Parts of a batch norm that are trained, and those that it measures. */
const normWeights = ['weight', 'bias'] as const;
const normStatistics = ['running_mean', 'running_var'] as const;

/**
 * Shapes of the tensors that a graph of the tail takes, by torchvision's names. Kernels are
 * [outChannels, kernel x kernel x inChannels], so that a convolution is one product.
 */
export function graphShapes(
  tail: Pick<TailShape, 'blocks' | 'mapShape'>,
  classes: number,
): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const conv of tailConvolutions(tail.blocks)) {
    const { outChannels, inChannels, kernel } = conv;
    shapes.set(`${conv.conv}.weight`, [outChannels, kernel * kernel * inChannels]);
    for (const part of [...normWeights, ...normStatistics]) shapes.set(`${conv.norm}.${part}`, [outChannels]);
  }
  const features = featureCountOf(tail);
  shapes.set('fc.weight', [classes, features]);
  shapes.set('fc.bias', [classes]);
  return shapes;
}

/** [outChannels, inChannels, kernel, kernel] -> [outChannels, kernel x kernel, inChannels]. */
export function toGraphKernels(kernels: Float32Array, { outChannels, inChannels, kernel }: TailConv): Float32Array {
  return swapInner(kernels, outChannels, inChannels, kernel * kernel);
}

/** [outChannels, kernel x kernel, inChannels] -> [outChannels, inChannels, kernel, kernel]. */
export function fromGraphKernels(kernels: Float32Array, { outChannels, inChannels, kernel }: TailConv): Float32Array {
  return swapInner(kernels, outChannels, kernel * kernel, inChannels);
}

/** [count, rows, columns] -> [count, columns, rows], a copy. */
function swapInner(values: Float32Array, count: number, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let item = 0; item < count; item++) {
    const start = item * rows * columns;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        out[start + column * rows + row] = values[start + row * columns + column] as number;
      }
    }
  }
  return out;
}

/** The convolution of each kernel tensor. */
export function kernelsOf(blocks: readonly TailBlock[]): ReadonlyMap<string, TailConv> {
  return new Map(tailConvolutions(blocks).map((conv) => [`${conv.conv}.weight`, conv]));
}

/** Copies of a network's tensors as the graphs take them. */
export function graphTensors(
  blocks: readonly TailBlock[],
  tensors: ReadonlyMap<string, TailTensor>,
): Map<string, Float32Array> {
  const kernels = kernelsOf(blocks);
  return new Map(
    [...tensors].map(([name, { data }]) => {
      const conv = kernels.get(name);
      return [name, conv === undefined ? data.slice() : toGraphKernels(data, conv)];
    }),
  );
}
