import type { LearningCurvePoint } from '../report.ts';

export interface LearningCurve {
  /** By training size, means over the repeats; `deviation` is 0 with one repeat. */
  readonly points: readonly { readonly trainSize: number; readonly accuracy: number; readonly deviation: number }[];
  /** Points of accuracy that the last doubling of the training images brought. */
  readonly lastDoubling: number;
  /** "Would more photos help?" in one sentence. */
  readonly words: string;
}

/**
 * Means of a learning curve, and what it says about more photos: the slope of accuracy against the logarithm of the
 * training size over the upper half of the curve, since heads gain about evenly with every doubling.
 */
export function learningCurve(found: readonly LearningCurvePoint[]): LearningCurve | undefined {
  const sizes = [...new Set(found.map((point) => point.trainSize))].sort((a, b) => a - b);
  if (sizes.length < 2) return undefined;
  const points = sizes.map((trainSize) => {
    const values = found.filter((point) => point.trainSize === trainSize).map((point) => point.accuracy);
    const accuracy = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - accuracy) ** 2, 0);
    return { trainSize, accuracy, deviation: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
  });
  const last = points.at(-1) as (typeof points)[number];
  const upper = points.filter((point) => point.trainSize * 2 >= last.trainSize);
  const from = (upper.length > 1 ? upper[0] : points.at(-2)) as (typeof points)[number];
  const doublings = Math.log2(last.trainSize / from.trainSize);
  const lastDoubling = ((last.accuracy - from.accuracy) / doublings) * 100;
  const gain = lastDoubling.toFixed(1);
  const words =
    lastDoubling >= 1
      ? `More photos would help: from ${from.trainSize} to ${last.trainSize} training images the accuracy rose by ${gain} points per doubling.`
      : `More photos of the same kind would help little: from ${from.trainSize} to ${last.trainSize} training images the accuracy changed by ${gain} points per doubling.`;
  return { points, lastDoubling, words };
}
