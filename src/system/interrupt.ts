import { setImmediate } from 'node:timers/promises';
import { InterruptedError } from './errors.ts';

/**
 * Lets pending events in (ONNX Runtime's `run()` and numeric loops hold the event loop), then stops if the user asked.
 *
 * @throws InterruptedError when the signal is aborted
 */
export async function pauseForInterrupt(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  throwIfInterrupted(signal);
}

export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new InterruptedError();
}
