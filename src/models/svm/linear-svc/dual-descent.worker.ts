import { parentPort } from 'node:worker_threads';
import { type DualJob, dualRunner, STOP } from './dual-descent.kernel.ts';
import { openRowClassifiers } from './row-classifiers.ts';

/** Between looks at the stop flag: some tens of milliseconds at 2,048 features. */
const PRODUCTS = 100_000;

parentPort?.on('message', (job: DualJob) => {
  const runner = dualRunner(job, openRowClassifiers);
  while (Atomics.load(job.control, STOP) === 0 && !runner(PRODUCTS));
});
