import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Frees the memory behind buffers that nobody holds any more. sharp's pixels lie outside V8's heap, and a heap of a
 * few megabytes gives V8 no reason to look for the quarter of a gigabyte that a large image left there.
 */
export async function collectGarbage(): Promise<void> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  // Native finalizers run in a later turn of the event loop.
  await setImmediate();
}
