import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { InterruptedError } from '../system/errors.ts';

/** Default time for an orderly stop. Files survive any stop. */
const usualGraceMs = 1000;

/**
 * A thread that receives signals while native code blocks the main thread: ONNX Runtime's `run()` may take long, and a
 * graph that loops forever never returns. libuv delivers a signal to every event loop that listens; `process.on` only
 * listens on the main one. The second signal ends the process within half a second.
 */
const watchdog = `
  const { workerData } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  const heard = new Int32Array(workerData);
  const say = (text) => { try { writeSync(2, text); } catch {} };
  let count = 0;
  const { Signal } = process.binding('signal_wrap');
  for (const number of [2, 15]) {
    const signal = new Signal();
    signal.onsignal = () => {
      count++;
      if (count === 1) {
        setTimeout(() => {
          if (Atomics.load(heard, 0) === 0) say('\\nstopping at the end of the step under way; Ctrl-C again stops at once\\n');
        }, ${usualGraceMs});
      } else setTimeout(() => {
        say('stopped\\n');
        process.kill(process.pid, 'SIGKILL');
      }, 500);
    };
    signal.start(number);
  }`;

/** The first Ctrl-C or SIGTERM aborts the signal and ends the process after `graceMs`; the second ends it immediately. */
export function interruptSignal(graceMs: number = usualGraceMs): AbortSignal {
  const controller = new AbortController();
  const heard = new Int32Array(new SharedArrayBuffer(4));
  const onSignal = (): void => {
    Atomics.add(heard, 0, 1);
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write('\nstopping after what is under way; Ctrl-C again stops at once\n');
    controller.abort(new InterruptedError());
    setTimeout(() => {
      // Synchronous: the process ends before a stream has written.
      writeSync(2, 'stopped: run the same command again\n');
      process.exit(130);
    }, graceMs).unref();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // The thread keeps no verb alive, and a Node without this binding works without it.
  const worker = new Worker(watchdog, { eval: true, workerData: heard.buffer, execArgv: ['--no-deprecation'] });
  worker.on('error', () => undefined);
  worker.unref();
  return controller.signal;
}
