import { lookUp, valueAt } from '../../../system/at.ts';
import { foldRows } from './fold.kernel.ts';
import type { GraphTensors } from './layout.ts';
import { type TailBlock, type TailShape, tailConvolutions } from './tail.ts';

/** Shapes of a tail's tensors with batch norms folded in: kernels in the graphs' layout, and biases. */
export function foldedShapes(blocks: readonly TailBlock[]): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const { conv, inChannels, outChannels, kernel } of tailConvolutions(blocks)) {
    shapes.set(`${conv}.weight`, [outChannels, kernel * kernel * inChannels]);
    shapes.set(`${conv}.bias`, [outChannels]);
  }
  return shapes;
}

/** Folds every batch norm, with its running statistics, into the preceding convolution; in float64, rounded once. */
export function foldedTensors(
  { blocks, normEpsilon }: Pick<TailShape, 'blocks' | 'normEpsilon'>,
  tensors: GraphTensors,
): GraphTensors {
  const folded = new Map<string, Float32Array>();
  const take = (name: string): Float32Array => lookUp(tensors, name);
  for (const { conv, norm } of tailConvolutions(blocks)) {
    const [weight, bias] = [take(`${norm}.weight`), take(`${norm}.bias`)];
    const [mean, variance] = [take(`${norm}.running_mean`), take(`${norm}.running_var`)];
    const scale = Float64Array.from(weight, (w, i) => w / Math.sqrt(valueAt(variance, i) + normEpsilon));
    folded.set(`${conv}.weight`, foldRows(take(`${conv}.weight`), scale));
    folded.set(
      `${conv}.bias`,
      bias.map((b, i) => b - valueAt(mean, i) * valueAt(scale, i)),
    );
  }
  return folded;
}
