import type { Prediction } from '../../classify/result/predictions.ts';
import { valueAt } from '../../system/at.ts';

/** One image with every answer that was given while it was held out. */
export interface HeldOutImage {
  readonly id: string;
  readonly trueClass: string;
  /** The class that was predicted most often, of those the most confident. */
  readonly predictedClass: string;
  /** Times held out, and times taken for `predictedClass`. */
  readonly timesHeldOut: number;
  readonly timesPredicted: number;
  /** Mean probability of `predictedClass` in the answers that name it. */
  readonly confidence: number;
  /** Mean probability of the true class over all answers. */
  readonly trueConfidence: number;
}

/** Gathers predictions by image, in the order of their first answer. */
export function heldOutImages(predictions: readonly Prediction[]): HeldOutImage[] {
  const byId = new Map<string, Prediction[]>();
  for (const prediction of predictions) {
    const answers = byId.get(prediction.id);
    if (answers === undefined) byId.set(prediction.id, [prediction]);
    else answers.push(prediction);
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
 * Images that were taken for another class at least once, by the wrong class that was named most often; most confident
 * first. An image that most repeats have right is among them: some head was sure of the wrong answer.
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
 * Images whose label is worth checking: confident learning's off-diagonal (Northcutt, Jiang and Chuang 2021). An image
 * labelled i is suspected when another class j is predicted with at least the mean confidence that images labelled j
 * get for j, and the label with less than the mean confidence that images labelled i get for i. Only answers given
 * while an image was held out count. Least confidence in the label first.
 */
export function suspectedLabels(images: readonly HeldOutImage[]): HeldOutImage[] {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { trueClass, trueConfidence } of images) {
    const entry = sums.get(trueClass) ?? { sum: 0, count: 0 };
    sums.set(trueClass, { sum: entry.sum + trueConfidence, count: entry.count + 1 });
  }
  const usual = (name: string): number => {
    const entry = sums.get(name);
    // A class that was never held out has no usual confidence: nothing is suspected to belong to it.
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
