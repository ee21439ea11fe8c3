import { setFlagsFromString } from 'node:v8';

/**
 * Makes V8 collect garbage early: by default the heap may grow to several times its live size, which for the ids and
 * labels of many images exceeds a block of their features. V8 reads both flags at each collection; they cost a few
 * percent of time.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=20');
  setFlagsFromString('--semi-space-growth-factor=1');
}
