import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { startWorker } from '../../src/system/workers.ts';
import type { DrawOptions } from './draw.ts';

/** As `drawPhotos`, on all cores: the same files, whatever their number. */
export async function drawInParallel(options: Omit<DrawOptions, 'part' | 'onDrawn'>): Promise<void> {
  const count = Math.max(1, Math.min(availableParallelism(), options.classCount));
  const parts = Array.from({ length: count }, (_, index) =>
    // Rejects with the error of a worker that fails.
    once(startWorker('./draw.worker', import.meta.url, { workerData: { ...options, part: { index, count } } }), 'exit'),
  );
  await Promise.all(parts);
}
