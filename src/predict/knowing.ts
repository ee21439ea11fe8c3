import type { Report } from '../classify/result/report.ts';
import { conformalSet, conformalThreshold, usualCoverage } from '../metrics/conformal.kernel.ts';
import { valueAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import type { Classification, RankedClass } from './predict.ts';

/** A prediction set: the smallest set of classes with the requested coverage; never empty. */
export interface ClassSet {
  /** Predicted class first, then by probability. */
  readonly classes: readonly RankedClass[];
  /** Number of all classes. */
  readonly of: number;
  /** Whether it is uninformative: more than ten classes, or more than half of all. */
  readonly large: boolean;
}

/** Returns the prediction set for a head's answer. */
export type SetOf = (answer: Classification) => ClassSet;

interface Sets {
  readonly setOf: SetOf;
  readonly coverage: number;
  /** Warning about this coverage, if any. */
  readonly warning?: string;
}

const largeSet = 10;

/**
 * @param coverage in (0, 1)
 * @throws UserError if the report has no calibration scores
 */
export function classSets(
  { conformal, classes, report }: Pick<Report, 'conformal' | 'classes' | 'report'>,
  coverage: number = usualCoverage,
): Sets {
  if (conformal === undefined) {
    throw new UserError({
      what: 'this report does not support prediction sets',
      where: report,
      found: 'no conformal scores: an older version wrote it, or no training row could be held out for them',
      expected: 'a report with the field conformal',
      fix: 'run its classify command again (report.json holds it), and read its warnings',
    });
  }
  const { scores } = conformal;
  const threshold = conformalThreshold(scores, coverage);
  const least = Math.ceil(coverage / (1 - coverage) - 1e-9);
  return {
    coverage,
    setOf: ({ probabilities, predicted }) => {
      const set = conformalSet(probabilities, predicted, threshold);
      return {
        classes: set.map((c) => ({ class: valueAt(classes, c), probability: valueAt(probabilities, c) })),
        of: classes.length,
        large: set.length > largeSet || (set.length > 2 && set.length > classes.length / 2),
      };
    },
    ...(Number.isFinite(threshold)
      ? {}
      : {
          warning: `${scores.length} calibration rows are too few for a coverage of ${coverage}, which takes ${least}: every set contains all classes`,
        }),
  };
}
