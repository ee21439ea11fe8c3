import { transpose } from '../../../numerics/arrays.kernel.ts';
import {
  featureCountOf,
  type TailBlock,
  type TailConv,
  type TailShape,
  type TailTensor,
  tailConvolutions,
} from './tail.ts';

/** Tensors of a network by torchvision's names, kernels in the graphs' layout. */
export type GraphTensors = ReadonlyMap<string, Float32Array>;

/** Tensors of a batch norm: trained ones, and running statistics. */
export const normParts = ['weight', 'bias', 'running_mean', 'running_var'] as const;

/**
 * Shapes of the input tensors of the tail's graphs, by torchvision's names. Kernels are [outChannels, kernel x kernel x
 * inChannels], so that a convolution is one product.
 */
export function graphShapes(
  tail: Pick<TailShape, 'blocks' | 'mapShape'>,
  classes: number,
): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const conv of tailConvolutions(tail.blocks)) {
    const { outChannels, inChannels, kernel } = conv;
    shapes.set(`${conv.conv}.weight`, [outChannels, kernel * kernel * inChannels]);
    for (const part of normParts) shapes.set(`${conv.norm}.${part}`, [outChannels]);
  }
  const features = featureCountOf(tail);
  shapes.set('fc.weight', [classes, features]);
  shapes.set('fc.bias', [classes]);
  return shapes;
}

/** [outChannels, inChannels, kernel, kernel] -> [outChannels, kernel x kernel, inChannels]. */
export function toGraphKernels(kernels: Float32Array, { inChannels, kernel }: TailConv): Float32Array {
  return swapInner(kernels, inChannels, kernel * kernel);
}

/** [outChannels, kernel x kernel, inChannels] -> [outChannels, inChannels, kernel, kernel]. */
export function fromGraphKernels(kernels: Float32Array, { inChannels, kernel }: TailConv): Float32Array {
  return swapInner(kernels, kernel * kernel, inChannels);
}

/** [count, rows, columns] -> [count, columns, rows], a copy. */
function swapInner(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let start = 0; start < out.length; start += rows * columns) {
    const end = start + rows * columns;
    transpose(values.subarray(start, end), rows, columns, out.subarray(start, end));
  }
  return out;
}

/** The convolution of each kernel tensor. */
export function kernelsOf(blocks: readonly TailBlock[]): ReadonlyMap<string, TailConv> {
  return new Map(tailConvolutions(blocks).map((conv) => [`${conv.conv}.weight`, conv]));
}

/** Copies of a network's tensors in the graphs' layout. */
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
