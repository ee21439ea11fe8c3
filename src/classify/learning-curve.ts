import type { FitContext, Head } from '../models/model.ts';
import type { Split } from '../split/split.ts';
import { lookUp, valueAt } from '../system/at.ts';
import { throwIfInterrupted } from '../system/interrupt.ts';
import type { LearningCurvePoint, RepeatResult } from './result/report.ts';
import type { OpenTrial } from './trial/trial.ts';

const shares = [1 / 8, 1 / 4, 1 / 2] as const;

/**
 * Fits a head on growing subsets of each split's training rows and tests it on the same test rows. The subsets are
 * nested and stratified, with at least one row per class; the results on all training rows come last.
 */
export async function learningCurve(
  head: Head,
  labels: Int32Array,
  splits: readonly Split[],
  perRepeat: readonly RepeatResult[],
  openTrial: OpenTrial,
  context: FitContext,
): Promise<LearningCurvePoint[]> {
  const points: LearningCurvePoint[] = perRepeat.map(({ repeat, train, accuracy, logLoss }) => {
    return { repeat, trainSize: train.length, accuracy, logLoss };
  });
  for (const [repeat, { train, test }] of splits.entries()) {
    // Of small classes two shares may be the same rows.
    const parts = shares.map((share) => stratifiedPart(train, labels, share));
    const distinct = parts.filter(({ length }, i) => length !== (parts[i + 1] ?? train).length);
    for (const part of distinct) {
      throwIfInterrupted(context.signal);
      const trial = openTrial({ train: part, test });
      const scores = await trial.score(await trial.fit(head, context));
      const { accuracy, logLoss } = scores.scores();
      points.push({ repeat, trainSize: part.length, accuracy, logLoss });
    }
  }
  return points.sort((a, b) => a.repeat - b.repeat || a.trainSize - b.trainSize);
}

/** The first rows of each class, in the split's random order. */
function stratifiedPart(rows: Int32Array, labels: Int32Array, share: number): Int32Array {
  const totals = new Map<number, number>();
  for (const row of rows) totals.set(valueAt(labels, row), (totals.get(valueAt(labels, row)) ?? 0) + 1);
  const taken = new Map<number, number>();
  return rows.filter((row) => {
    const label = valueAt(labels, row);
    const count = taken.get(label) ?? 0;
    if (count >= Math.ceil(share * lookUp(totals, label))) return false;
    taken.set(label, count + 1);
    return true;
  });
}
