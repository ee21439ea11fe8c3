import { countClasses } from '../../rows/classes.ts';
import { valueAt } from '../../system/at.ts';
import {
  confidentClasses,
  confidentJoint,
  confidentThresholds,
  likeliestOthers,
  pruneByNoiseRate,
  pruneCounts,
} from './confident.kernel.ts';

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
