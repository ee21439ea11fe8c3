import type { Report } from './report.ts';

/** The data behind a report in a sentence. */
export function describeData(report: Report): string {
  const { featureSet, classes, trainSize, testSize, perRepeat, seed } = report;
  const split =
    perRepeat.length === 1
      ? `split once (seed ${seed}) into ${trainSize} training and ${testSize} test images`
      : `split ${perRepeat.length} times (from seed ${seed}) into ${trainSize} training and ${testSize} test images`;
  return `${featureSet.rowCount} images of ${classes.length} classes, ${split}; ${featureSet.dims} features each from ${featureSet.randomWeights ? 'a network of random weights' : featureSet.weights}.`;
}
