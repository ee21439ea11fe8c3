import { parentPort } from 'node:worker_threads';
import { smoSolver } from './smo/smo.kernel.ts';
import { openSmoLoops } from './smo/smo-loops.ts';
import { type PairsJob, pairsRunner, STOP } from './svc-pairs.kernel.ts';

/** Between looks at the stop flag: some tens of milliseconds. */
const ROW_STEPS = 10_000_000;

parentPort?.on('message', (job: PairsJob) => {
  const runner = pairsRunner(job, (capacity) => smoSolver(openSmoLoops(capacity), job.maxIterations));
  while (Atomics.load(job.control, STOP) === 0 && !runner(ROW_STEPS));
});
