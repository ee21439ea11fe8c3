import type { Table } from '../../../rows/table.ts';
import { UserError } from '../../../system/errors.ts';
import type { FitContext } from '../../model.ts';
import { kernelValues } from '../svc-pairs.ts';

/** A run that would take longer than this stops unless it was allowed to be slow. */
const SLOW_SECONDS = 600;
/**
 * Seconds per kernel value of all classifiers and folds, of one thread. Measured: 4e-7 to 1e-6 on features of hundreds of
 * dims, up to 1.5e-5 where classes overlap in few.
 */
const SECONDS_PER_KERNEL_VALUE = 2e-6;

/**
 * What the package ml-svm cannot do: weights, and long jobs in bearable time.
 *
 * @throws UserError for sample weights, and for a run of more than ten minutes unless `allowSlow`
 */
export function mindMlSvmLimits(
  table: Table,
  classStart: Int32Array,
  foldCount: number,
  allowSlow: boolean,
  context: FitContext,
): void {
  if (table.sampleWeights !== undefined) {
    throw new UserError({
      what: 'ml-svm takes no sample or class weights',
      exitCode: 2,
      fix: 'leave the weights out, or use --solver smo',
    });
  }
  const classifiers = ((classStart.length - 1) * (classStart.length - 2)) / 2;
  const values = kernelValues(classStart) * (1 + foldCount);
  const seconds = (values * SECONDS_PER_KERNEL_VALUE) / Math.max(1, Math.min(context.threads, classifiers));
  if (seconds < SLOW_SECONDS / 10) return;
  const size = `${classifiers} classifiers on ${table.features.rowCount} rows`;
  const time = seconds < 7200 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
  if (seconds > SLOW_SECONDS && !allowSlow) {
    throw new UserError({
      what: `ml-svm would take about ${time}`,
      found: size,
      expected: `at most ${SLOW_SECONDS / 60} minutes`,
      fix: '--solver smo does it in seconds; --allow-slow starts it all the same',
    });
  }
  const message = `ml-svm: ${size} will take about ${time}; --solver smo does it in seconds`;
  context.onProgress?.({ stage: 'binary classifiers', done: 0, total: classifiers, message });
}
