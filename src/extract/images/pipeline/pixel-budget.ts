import { largestPixelCount } from '../decode/decode-error.ts';

/**
 * Pixels that all worker threads together may hold decoded at one time, in thousands: one shared counter of what is
 * left. It keeps memory bounded whatever the images' size; small photos never wait.
 */
export type PixelBudget = Int32Array<SharedArrayBuffer>;

/** Pixels in one unit of the counter: a counter of 32 bits is enough for thousands of threads. */
const unit = 1024;

/** Threads that share one largest image's worth: with 2 or 4 threads one image of the largest size at a time. */
const threadsPerLargest = 4;

export function openBudget(threads: number): PixelBudget {
  const shares = Math.max(1, Math.floor(threads / threadsPerLargest));
  const budget = new Int32Array(new SharedArrayBuffer(4));
  budget[0] = shares * units(largestPixelCount);
  return budget;
}

/** Takes the pixels of an image, waiting (the thread blocks) until other threads have given back enough. */
export function takePixels(budget: PixelBudget, pixelCount: number): void {
  const wanted = units(pixelCount);
  for (;;) {
    const left = Atomics.load(budget, 0);
    if (left < wanted) Atomics.wait(budget, 0, left);
    else if (Atomics.compareExchange(budget, 0, left, left - wanted) === left) return;
  }
}

export function givePixelsBack(budget: PixelBudget, pixelCount: number): void {
  Atomics.add(budget, 0, units(pixelCount));
  Atomics.notify(budget, 0);
}

function units(pixelCount: number): number {
  return Math.ceil(pixelCount / unit);
}
