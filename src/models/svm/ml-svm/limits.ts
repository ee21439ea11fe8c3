import type { Table } from '../../../rows/table.ts';
import { UserError } from '../../../system/errors.ts';
import type { FitContext } from '../../model.ts';
import { kernelValues } from '../svc-pairs.ts';

/** Longer runs are refused unless slow runs are allowed. */
const SLOW_SECONDS = 600;
/** Of one thread; measured: 4e-7 to 1e-6 with hundreds of features, up to 1.5e-5 if classes overlap in few features. */
const SECONDS_PER_KERNEL_VALUE = 2e-6;

/** @throws UserError for sample weights, and for a run of more than ten minutes unless `allowSlow` */
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
