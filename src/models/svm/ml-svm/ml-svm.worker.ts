import { parentPort } from 'node:worker_threads';
import { pairsRunner, STOP } from '../svc-pairs.kernel.ts';
import { type MlSvmJob, mlSvmSolver } from './ml-svm.ts';

parentPort?.on('message', ({ job, seed }: MlSvmJob) => {
  const runner = pairsRunner(job, () => mlSvmSolver(job.maxIterations, seed));
  while (Atomics.load(job.control, STOP) === 0 && !runner(1));
});
