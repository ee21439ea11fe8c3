import { addAt } from '../numerics/arrays.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { valueAt } from '../system/at.ts';
import { countConfusion, logLossSum, rankOfLabel } from './metrics.kernel.ts';

/** Figures of one model on one split. Accuracies and scores are fractions in [0, 1]; log loss in nats. */
export interface Scores {
  readonly accuracy: number;
  readonly top5Accuracy: number;
  readonly logLoss: number;
  readonly macroF1: number;
  readonly balancedAccuracy: number;
}

export interface ClassFigures {
  readonly name: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Test rows of this class, all repeats together. */
  readonly support: number;
  /** Training images of this class, mean over the repeats; absent in reports of older versions. */
  readonly trained?: number;
}

/** Lower bound of probabilities in the log loss: float32's epsilon, as scikit-learn's `eps='auto'` for float32. */
const logLossClip = 2 ** -23;
const topK = 5;

/** confusion[true * classCount + predicted] for class numbers. Shape: [classCount, classCount]. */
export function confusionOf(truth: Int32Array, found: Int32Array, classCount: number): Int32Array {
  const confusion = new Int32Array(classCount * classCount);
  countConfusion(confusion, classCount, truth, found);
  return confusion;
}

/**
 * Accuracy, macro F1 and balanced accuracy of a confusion matrix, as scikit-learn's functions of these names: classes
 * in neither the true nor the predicted labels are ignored, and classes without true labels have no recall.
 */
export function scoreConfusion(
  confusion: Int32Array,
  classCount: number,
): Pick<Scores, 'accuracy' | 'macroF1' | 'balancedAccuracy'> {
  const { hits, truths, guesses } = margins(confusion, classCount);
  const classes = Array.from(hits.keys());
  const seen = classes.filter((c) => valueAt(truths, c) + valueAt(guesses, c) > 0);
  const labelled = classes.filter((c) => valueAt(truths, c) > 0);
  const total = sum(truths);
  return {
    accuracy: total === 0 ? 0 : sum(hits) / total,
    macroF1: mean(seen.map((c) => (2 * valueAt(hits, c)) / (valueAt(truths, c) + valueAt(guesses, c)))),
    balancedAccuracy: mean(labelled.map((c) => valueAt(hits, c) / valueAt(truths, c))),
  };
}

/**
 * Top-1 and top-5 accuracy and log loss of class probabilities; scikit-learn's top_k_accuracy_score and log_loss on
 * float32.
 *
 * @param probabilities [rows, classes]
 */
export function scoreProbabilities(
  labels: Int32Array,
  probabilities: Matrix,
): Pick<Scores, 'accuracy' | 'top5Accuracy' | 'logLoss'> {
  const tally = probabilityTally(probabilities.columnCount);
  tally.add(labels, probabilities.data);
  return tally.scores();
}

/** The same, accumulated over blocks of rows. */
interface ProbabilityTally {
  /** @param probabilities [labels.length, classes] */
  add(labels: Int32Array, probabilities: Float32Array): void;
  scores(): Pick<Scores, 'accuracy' | 'top5Accuracy' | 'logLoss'>;
}

export function probabilityTally(classCount: number): ProbabilityTally {
  let [rows, first, among, loss] = [0, 0, 0, 0];
  return {
    add: (labels, probabilities) => {
      const ranks = rankOfLabel(probabilities, classCount, labels);
      rows += labels.length;
      first += ranks.filter((rank) => rank === 0).length;
      among += ranks.filter((rank) => rank < topK).length;
      loss += logLossSum(probabilities, classCount, labels, logLossClip);
    },
    scores: () => ({ accuracy: first / rows, top5Accuracy: among / rows, logLoss: loss / rows }),
  };
}

/** Precision, recall and F1 of every class, 0 for an empty denominator, as scikit-learn by default. */
export function classFigures(confusion: Int32Array, classes: readonly string[]): ClassFigures[] {
  const { hits, truths, guesses } = margins(confusion, classes.length);
  return classes.map((name, c) => {
    const [hit, truth, guess] = [valueAt(hits, c), valueAt(truths, c), valueAt(guesses, c)];
    return {
      name,
      precision: guess === 0 ? 0 : hit / guess,
      recall: truth === 0 ? 0 : hit / truth,
      f1: truth + guess === 0 ? 0 : (2 * hit) / (truth + guess),
      support: truth,
    };
  });
}

/** The confusion matrix as nested lists, [true][predicted]. */
export function confusionRows(confusion: Int32Array, classCount: number): number[][] {
  return Array.from({ length: classCount }, (_, c) => [...confusion.subarray(c * classCount, (c + 1) * classCount)]);
}

function margins(confusion: Int32Array, classCount: number) {
  const hits = new Float64Array(classCount);
  const truths = new Float64Array(classCount);
  const guesses = new Float64Array(classCount);
  confusion.forEach((count, i) => {
    const [truth, guess] = [Math.floor(i / classCount), i % classCount];
    addAt(truths, truth, count);
    addAt(guesses, guess, count);
    if (truth === guess) hits[truth] = count;
  });
  return { hits, truths, guesses };
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Mean of the values, 0 if there are none. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}
