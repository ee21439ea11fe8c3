import { startWorker } from '../../../src/system/workers.ts';
import type { FuzzOrder, FuzzResult } from './protocol.ts';

/**
 * More checks, one per second, than any reader takes for a few kilobytes. Checks are counted rather than seconds, which
 * also pass while the whole process waits.
 */
const hangLooks = 20;
/** Heap of the fuzzing thread: a reader that fills it ends the thread. */
const heapMB = 512;

/**
 * Feeds mutated files to every reader, in a thread that is watched from here.
 *
 * @throws Error with the input where a reader hangs or fills the heap
 */
export async function runFuzz(
  seed: number,
  count: number,
  only?: string,
  onProgress?: (done: number) => void,
): Promise<FuzzResult> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const order: FuzzOrder = { seed, count, progress, ...(only === undefined ? {} : { only }) };
  const worker = startWorker('./fuzz.worker', import.meta.url, {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: heapMB },
  });
  let last = -1;
  let looks = 0;
  try {
    return await new Promise((resolve, reject) => {
      const watch = setInterval(() => {
        const input = Atomics.load(progress, 0);
        onProgress?.(input);
        if (input !== last) {
          last = input;
          looks = 0;
        } else if (++looks > hangLooks) {
          reject(new Error(`input ${input} of seed ${seed} takes more than ${hangLooks} s`));
        }
      }, 1000);
      worker.once('message', resolve);
      worker.once('error', (error) => {
        reject(new Error(`the thread ended at input ${Atomics.load(progress, 0)} of seed ${seed}: ${error.message}`));
      });
      worker.once('exit', () => {
        clearInterval(watch);
        reject(new Error(`the thread ended at input ${Atomics.load(progress, 0)} of seed ${seed}`));
      });
    });
  } finally {
    await worker.terminate();
  }
}
