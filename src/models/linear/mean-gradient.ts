import { dot } from '../../numerics/lbfgs.kernel.ts';
import type { LbfgsOptions } from '../../numerics/lbfgs.ts';
import { largestUnshifted } from '../../numerics/linear-loss.kernel.ts';
import type { RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import type { RowSpan } from './row-span.ts';

/** Where the steps are taken, and the means of the features themselves. */
interface Place {
  readonly span: RowSpan | undefined;
  readonly featureMeans: Float64Array;
}

/** scikit-learn's rule: the gradient of the mean loss, by the weights for features that are not centred. */
export function meanGradientRule(
  { span, featureMeans }: Place,
  { sampleWeights, labels, classes }: Table<RowSource>,
  tol: number,
): Pick<LbfgsOptions, 'gradientTolerance' | 'sizeOf'> {
  const classCount = classes.length;
  const weightSum = sampleWeights?.reduce((sum, weight) => sum + weight, 0) ?? labels.length;
  // How often the mean root of the squares goes into the largest part: as last seen, at first what normal numbers have.
  let ratio = 4;
  return {
    gradientTolerance: tol,
    sizeOf: async (gradient, ended) => {
      const biasGradient = gradient.subarray(-classCount);
      const seen = gradient.subarray(0, -classCount);
      if (span === undefined) return largestUnshifted(seen, biasGradient, featureMeans) / weightSum;
      // The span is the features turned, so squares keep their sum; going back to them costs as much as several steps.
      const meanRoot = Math.sqrt(dot(seen, seen) / (featureMeans.length * classCount)) / weightSum;
      if (!ended && ratio * meanRoot > tol) return ratio * meanRoot;
      const largest = largestUnshifted(await span.expand(seen, classCount), biasGradient, featureMeans) / weightSum;
      ratio = largest / meanRoot;
      return largest;
    },
  };
}
