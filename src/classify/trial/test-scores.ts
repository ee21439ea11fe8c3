import { countConfusion, topOfRows } from '../../metrics/metrics.kernel.ts';
import type { Scores } from '../../metrics/metrics.ts';
import { probabilityTally, scoreConfusion } from '../../metrics/metrics.ts';
import { valueAt } from '../../system/at.ts';
import type { LabelledData } from '../data/labelled-data.ts';
import type { Prediction } from '../result/predictions.ts';

/** Classes kept per prediction: the predicted one and the most probable others. */
const keptClasses = 5;

/** Accumulates a head's predictions for test rows, block by block. */
export interface TestScores {
  /** [classes, classes], true by predicted. */
  readonly confusion: Int32Array;
  /**
   * @param places indices of these test rows; undefined for all, in order
   * @param found predicted class numbers
   * @param probabilities [places, classes]
   */
  add(places: ArrayLike<number> | undefined, found: Int32Array, probabilities: Float32Array): void;
  scores(): Scores;
  /** In the order of the test rows. */
  predictions(repeat: number): Iterable<Prediction>;
}

/** @param rows the test rows, as row numbers of the data */
export function testScores(data: Pick<LabelledData, 'ids' | 'labels' | 'classes'>, rows: Int32Array): TestScores {
  const { ids, labels, classes } = data;
  const confusion = new Int32Array(classes.length ** 2);
  const tally = probabilityTally(classes.length);
  const predicted = new Int32Array(rows.length);
  const ofPredicted = new Float32Array(rows.length);
  const ofTruth = new Float32Array(rows.length);
  const kept = Math.min(keptClasses, classes.length);
  const topClasses = new Int32Array(rows.length * kept);
  const topProbabilities = new Float32Array(rows.length * kept);
  return {
    confusion,
    add: (places, found, probabilities) => {
      const truth = found.map((_, i) => valueAt(labels, valueAt(rows, places?.[i] ?? i)));
      countConfusion(confusion, classes.length, truth, found);
      tally.add(truth, probabilities);
      const top = topOfRows(probabilities, classes.length, kept, found);
      found.forEach((guess, i) => {
        const place = places?.[i] ?? i;
        predicted[place] = guess;
        for (let rank = 0; rank < kept; rank++) {
          const c = valueAt(top, i * kept + rank);
          topClasses[place * kept + rank] = c;
          topProbabilities[place * kept + rank] = valueAt(probabilities, i * classes.length + c);
        }
        ofPredicted[place] = valueAt(probabilities, i * classes.length + guess);
        ofTruth[place] = valueAt(probabilities, i * classes.length + valueAt(truth, i));
      });
    },
    scores: () => {
      const { top5Accuracy, logLoss } = tally.scores();
      return { ...scoreConfusion(confusion, classes.length), top5Accuracy, logLoss };
    },
    *predictions(repeat) {
      for (const [place, row] of rows.entries()) {
        yield {
          repeat,
          id: valueAt(ids, row),
          trueClass: valueAt(classes, valueAt(labels, row)),
          predictedClass: valueAt(classes, valueAt(predicted, place)),
          probability: valueAt(ofPredicted, place),
          trueProbability: valueAt(ofTruth, place),
          top: Array.from({ length: kept }, (_, rank) => ({
            name: valueAt(classes, valueAt(topClasses, place * kept + rank)),
            probability: valueAt(topProbabilities, place * kept + rank),
          })),
        };
      }
    },
  };
}
