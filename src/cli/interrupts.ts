import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { InterruptedError } from '../system/errors.ts';

/** What is under way has this long to end in order unless its verb says otherwise; every file survives less. */
const usualGraceMs = 1000;

/**
 * A thread that hears signals while native code holds the main one, which then hears nothing: ONNX Runtime's `run()` may
 * take long, and a graph that loops forever never ends. libuv hands a signal to every loop that listens, and a loop
 * of its own is what this thread is for; Node keeps that from `process.on`, which listens on the main one alone.
 *
 * It waits for signals and for nothing else: images cost it nothing. The second signal ends the process, at the latest
 * half a second after it came.
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

/**
 * The first Ctrl-C or SIGTERM asks for an orderly stop and ends the process a second later at the latest (or after
 * `graceMs`), wherever JavaScript runs; the second one ends it immediately.
 */
export function interruptSignal(graceMs: number = usualGraceMs): AbortSignal {
  const controller = new AbortController();
  const heard = new Int32Array(new SharedArrayBuffer(4));
  const onSignal = (): void => {
    Atomics.add(heard, 0, 1);
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write('\nstopping after what is under way; Ctrl-C again stops at once\n');
    controller.abort(new InterruptedError());
    setTimeout(() => {
      // Not through the stream: the process ends before it has written.
      writeSync(2, 'stopped: run the same command again\n');
      process.exit(130);
    }, graceMs).unref();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // No verb ends because this thread is there, nor fails because it is not: a Node without that binding has none.
  const worker = new Worker(watchdog, { eval: true, workerData: heard.buffer, execArgv: ['--no-deprecation'] });
  worker.on('error', () => undefined);
  worker.unref();
  return controller.signal;
}
