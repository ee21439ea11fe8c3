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

/** What answers given while an image was held out say of its label. */
export interface LabelDoubt {
  readonly row: number;
  /** Class number that the label is likeliest to be instead. */
  readonly suggestion: number;
  readonly labelProbability: number;
  readonly suggestionProbability: number;
  /** Confident learning calls the label wrong. */
  readonly suspected: boolean;
}

/**
 * Confident learning (Northcutt, Jiang and Chuang 2021), as cleanlab's `find_label_issues` does it by default
 * (`filter_by='prune_by_noise_rate'`): the rows that are confidently of a class, by what rows of that label usually get,
 * say how many labels k should be j; so many rows labelled k are suspected, those that look most like j. Every judged
 * row is returned, suspected ones first, then by the probability of the label, least first: cleanlab's self-confidence.
 *
 * @param probabilities [rows, classes], each from a head that had not seen the row
 * @param judged 1 where a row can be judged: heads that had not seen it knew its class from other rows
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
