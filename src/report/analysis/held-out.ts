import type { Prediction } from '../../classify/result/predictions.ts';
import { valueAt } from '../../system/at.ts';

/** Predictions of an image while it was held out. */
export interface HeldOutImage {
  readonly id: string;
  readonly trueClass: string;
  /** The class predicted most often; of several, the most confident one. */
  readonly predictedClass: string;
  /** Number of predictions, and of those that name `predictedClass`. */
  readonly timesHeldOut: number;
  readonly timesPredicted: number;
  /** Mean probability of `predictedClass` over those. */
  readonly confidence: number;
  /** Mean probability of the true class over all predictions. */
  readonly trueConfidence: number;
}

/** Groups predictions by image, in the order of first occurrence. */
export function heldOutImages(predictions: readonly Prediction[]): HeldOutImage[] {
  const byId = new Map<string, Prediction[]>();
  for (const prediction of predictions) {
    byId.set(prediction.id, [...(byId.get(prediction.id) ?? []), prediction]);
  }
  return [...byId].map(([id, answers]) => gather(id, answers));
}

function gather(id: string, answers: readonly Prediction[]): HeldOutImage {
  const named = new Map<string, { times: number; sum: number }>();
  for (const { predictedClass, probability } of answers) {
    const entry = named.get(predictedClass) ?? { times: 0, sum: 0 };
    named.set(predictedClass, { times: entry.times + 1, sum: entry.sum + probability });
  }
  const [predictedClass, { times, sum }] = [...named].reduce((best, entry) =>
    entry[1].times > best[1].times || (entry[1].times === best[1].times && entry[1].sum > best[1].sum) ? entry : best,
  );
  return {
    id,
    trueClass: valueAt(answers, 0).trueClass,
    predictedClass,
    timesHeldOut: answers.length,
    timesPredicted: times,
    confidence: sum / times,
    trueConfidence: answers.reduce((total, answer) => total + answer.trueProbability, 0) / answers.length,
  };
}

/**
 * Images that were misclassified at least once, with the wrong class predicted most often; most confident first. Images
 * that most repeats classify correctly are included.
 */
export function confidentMistakes(predictions: readonly Prediction[]): HeldOutImage[] {
  const all = new Map(heldOutImages(predictions).map((image) => [image.id, image]));
  return heldOutImages(predictions.filter(({ predictedClass, trueClass }) => predictedClass !== trueClass))
    .map((wrong) => ({
      ...wrong,
      timesHeldOut: all.get(wrong.id)?.timesHeldOut ?? wrong.timesHeldOut,
      trueConfidence: all.get(wrong.id)?.trueConfidence ?? wrong.trueConfidence,
    }))
    .sort(byConfidence);
}

function byConfidence(a: HeldOutImage, b: HeldOutImage): number {
  return b.confidence - a.confidence || (a.id < b.id ? -1 : 1);
}

/**
 * Images whose label may be wrong, by confident learning (Northcutt, Jiang and Chuang 2021): an image labelled i is
 * suspected if another class j is predicted with at least the mean confidence of images labelled j in j, and i with less
 * than the mean confidence of images labelled i in i. Lowest confidence in the label first.
 */
export function suspectedLabels(images: readonly HeldOutImage[]): HeldOutImage[] {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { trueClass, trueConfidence } of images) {
    const entry = sums.get(trueClass) ?? { sum: 0, count: 0 };
    sums.set(trueClass, { sum: entry.sum + trueConfidence, count: entry.count + 1 });
  }
  const usual = (name: string): number => {
    const entry = sums.get(name);
    // No image is suspected to belong to a class that was never held out.
    return entry === undefined ? Number.POSITIVE_INFINITY : entry.sum / entry.count;
  };
  return images
    .filter(
      (image) =>
        image.predictedClass !== image.trueClass &&
        image.confidence >= usual(image.predictedClass) &&
        image.trueConfidence < usual(image.trueClass),
    )
    .sort((a, b) => a.trueConfidence - b.trueConfidence || byConfidence(a, b));
}
