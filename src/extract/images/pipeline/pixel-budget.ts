import { largestPixelCount } from '../decode/decode-error.ts';

/**
 * Shared counter of the decoded pixels, in thousands, that all worker threads together may still hold. It bounds memory
 * for large images; small photos never wait.
 */
export type PixelBudget = Int32Array<SharedArrayBuffer>;

/** Pixels per unit of the counter: 32 bits suffice for thousands of threads. */
const unit = 1024;

/** Threads per largest image: with up to 4 threads, one image of the largest size at a time. */
const threadsPerLargest = 4;

export function openBudget(threads: number): PixelBudget {
  const shares = Math.max(1, Math.floor(threads / threadsPerLargest));
  const budget = new Int32Array(new SharedArrayBuffer(4));
  budget[0] = shares * units(largestPixelCount);
  return budget;
}

/** Reserves the pixels of an image, blocking the thread until enough are free. */
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
