import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { startWorker } from '../../src/system/workers.ts';
import type { DrawOptions } from './draw.ts';

/** Like `drawPhotos`, on all cores; the files do not depend on their number. */
export async function drawInParallel(options: Omit<DrawOptions, 'part' | 'onDrawn'>): Promise<void> {
  const count = Math.max(1, Math.min(availableParallelism(), options.classCount));
  const parts = Array.from({ length: count }, (_, index) =>
    // Rejects with the error of a failed worker.
    once(startWorker('./draw.worker', import.meta.url, { workerData: { ...options, part: { index, count } } }), 'exit'),
  );
  await Promise.all(parts);
}
