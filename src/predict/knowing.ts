import type { Report } from '../classify/result/report.ts';
import { conformalSet, conformalThreshold, usualCoverage } from '../metrics/conformal.kernel.ts';
import { valueAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import type { Classification, RankedClass } from './predict.ts';

/** The smallest set of classes that holds the true one as often as was asked; never empty. */
export interface ClassSet {
  /** The predicted one first, then the most probable. */
  readonly classes: readonly RankedClass[];
  /** Of how many classes. */
  readonly of: number;
  /** It says little: more than ten classes, or more than half of them all. */
  readonly large: boolean;
}

/** Makes the set of an image of what a head says of it. */
export type SetOf = (answer: Classification) => ClassSet;

interface Sets {
  readonly setOf: SetOf;
  readonly coverage: number;
  /** What a user has to know of this coverage, if anything. */
  readonly warning?: string;
}

const largeSet = 10;

/**
 * @param coverage in (0, 1)
 * @throws UserError if the report was written without what it takes
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
