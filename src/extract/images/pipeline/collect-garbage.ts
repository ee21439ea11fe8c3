import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Frees the memory of unreferenced buffers. sharp's pixels are outside V8's heap, so a large image's quarter of a
 * gigabyte alone does not trigger garbage collection.
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
