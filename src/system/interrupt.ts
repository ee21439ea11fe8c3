import { setImmediate } from 'node:timers/promises';
import { InterruptedError } from './errors.ts';

/**
 * Lets pending events run (ONNX Runtime's `run()` and numeric loops block the event loop), then stops if interrupted.
 *
 * @throws InterruptedError if the signal is aborted
 */
export async function pauseForInterrupt(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  throwIfInterrupted(signal);
}

export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new InterruptedError();
}
