import { setFlagsFromString } from 'node:v8';

/**
 * Tells V8 to collect garbage before it has piled up: by default the heap may grow to several times what is used before
 * it is swept, which for the ids and labels of many images comes to more than a block of their features. Both settings
 * are read at each collection, so they may be changed while the program runs; they cost some percent of time.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=20');
  setFlagsFromString('--semi-space-growth-factor=1');
}
