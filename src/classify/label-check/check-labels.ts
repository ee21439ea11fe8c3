import type { FitContext, Head } from '../../models/model.ts';
import { largestOf } from '../../numerics/arrays.kernel.ts';
import { countClasses } from '../../rows/classes.ts';
import type { RowSource } from '../../rows/row-source.ts';
import { stratifiedGroupKFold, stratifiedKFold } from '../../split/folds.ts';
import type { Split } from '../../split/split.ts';
import { valueAt } from '../../system/at.ts';
import { throwIfInterrupted } from '../../system/interrupt.ts';
import type { LabelledData } from '../data/labelled-data.ts';
import type { Report } from '../result/report.ts';
import type { OpenTrial } from '../trial/trial.ts';
import {
  confidentClasses,
  confidentJoint,
  confidentThresholds,
  likeliestOthers,
  pruneByNoiseRate,
  pruneCounts,
} from './confident.kernel.ts';

/** cleanlab's default. */
const mostFolds = 5;

interface LabelCheck {
  readonly folds: number;
  /** Every judged image, the most likely label errors first. */
  readonly doubts: readonly LabelDoubt[];
  /** Held-out probabilities: [rows, classes] */
  readonly probabilities: Float32Array;
  /** Rows whose class had no training row while they were held out: their labels cannot be judged. */
  readonly unjudged: number;
}

/**
 * Checks the label of every image by cross-validation: confident learning compares held-out probabilities with the
 * labels.
 */
export async function checkLabels(
  head: Head,
  data: LabelledData<RowSource>,
  splits: readonly Split[],
  openTrial: OpenTrial,
  context: FitContext & { readonly onFold?: (done: number, total: number) => void },
): Promise<LabelCheck> {
  const { labels, classes, ids } = data;
  const probabilities = new Float32Array(ids.length * classes.length);
  const judged = new Uint8Array(ids.length);
  for (const [fold, { train, test }] of splits.entries()) {
    throwIfInterrupted(context.signal);
    context.onFold?.(fold, splits.length);
    const trial = openTrial({ train, test });
    const fitted = await trial.fit(head, context);
    await trial.predict(fitted, (places, { probabilities: { data: block } }) => {
      for (let i = 0; i * classes.length < block.length; i++) {
        const row = valueAt(test, places?.[i] ?? i);
        probabilities.set(block.subarray(i * classes.length, (i + 1) * classes.length), row * classes.length);
      }
    });
    const trained = new Set(Array.from(train, (row) => labels[row]));
    for (const row of test) judged[row] = trained.has(labels[row]) ? 1 : 0;
  }
  const doubts = doubtLabels(probabilities, labels, judged, classes.length);
  return { folds: splits.length, doubts, probabilities, unjudged: ids.length - doubts.length };
}

/** At most five folds; images of one group stay together. @throws UserError if every class has one row */
export function labelFolds({ labels, classes, groups }: LabelledData<RowSource>, seed: number): Split[] {
  const largest = largestOf(countClasses(labels, classes.length));
  const k = Math.max(2, Math.min(mostFolds, largest));
  return groups === undefined ? stratifiedKFold(labels, k, seed) : stratifiedGroupKFold(labels, groups, k, seed);
}

/** Models from cheapest to most expensive to fit, measured on 1,000 and 9,199 rows of 2,048 features. */
const byCost = ['knn', 'svm', 'ridge', 'forest', 'linear', 'mlp'] as const;

/**
 * The cheapest head whose accuracy is within one standard error of the best. Costs are fixed ranks, so the choice does
 * not depend on the machine.
 */
export function chooseChecker(reports: readonly Report[]): Report {
  const best = reports.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const rows = best.testSize * best.perRepeat.length;
  const error = Math.sqrt((best.accuracy * (1 - best.accuracy)) / rows);
  const good = reports.filter((report) => report.accuracy >= best.accuracy - error);
  return good.reduce((a, b) => (cost(b) < cost(a) ? b : a));
}

function cost({ model }: Report): number {
  const place = (byCost as readonly string[]).indexOf(model);
  return place < 0 ? byCost.length : place;
}

export interface LabelDoubt {
  readonly row: number;
  /** Most probable other class. */
  readonly suggestion: number;
  readonly labelProbability: number;
  readonly suggestionProbability: number;
  /** Whether confident learning calls the label wrong. */
  readonly suspected: boolean;
}

/**
 * Confident learning (Northcutt, Jiang and Chuang 2021), as cleanlab's `find_label_issues` does it by default
 * (`filter_by='prune_by_noise_rate'`): rows whose probability of a class reaches the average of the rows with that
 * label estimate how many labels k should be j; that many rows labelled k are suspected, those most like j. Returns
 * every judged row, suspected ones first, each part by increasing probability of the label (cleanlab's
 * self-confidence).
 *
 * @param probabilities [rows, classes], held-out
 * @param judged 1 if a row can be judged: its class had other rows in training
 */
export function doubtLabels(
  probabilities: Float32Array,
  labels: Int32Array,
  judged: Uint8Array,
  classCount: number,
): LabelDoubt[] {
  const counts = countClasses(
    labels.filter((_, row) => judged[row] === 1),
    classCount,
  );
  const thresholds = confidentThresholds(probabilities, labels, judged, classCount);
  const confident = confidentClasses(probabilities, thresholds, classCount);
  const joint = confidentJoint(labels, confident, judged, counts);
  const suspected = pruneByNoiseRate(probabilities, labels, judged, pruneCounts(joint, classCount), classCount);
  const others = likeliestOthers(probabilities, labels, classCount);
  const doubts: LabelDoubt[] = [];
  for (const [row, label] of labels.entries()) {
    if (judged[row] === 0) continue;
    const suggestion = valueAt(others, row);
    doubts.push({
      row,
      suggestion,
      labelProbability: valueAt(probabilities, row * classCount + label),
      suggestionProbability: valueAt(probabilities, row * classCount + suggestion),
      suspected: suspected[row] === 1,
    });
  }
  return doubts.sort(
    (a, b) => Number(b.suspected) - Number(a.suspected) || a.labelProbability - b.labelProbability || a.row - b.row,
  );
}
