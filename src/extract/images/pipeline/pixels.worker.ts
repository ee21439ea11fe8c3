import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerSetup, WorkerTask } from './pixel-protocol.ts';
import { claimTask, isKnown, pixelBuffers } from './pixel-protocol.ts';
import { PixelReader } from './pixel-reader.ts';

const port = parentPort;
if (port === null) throw new Error('pixels.worker runs as a worker thread only');
const setup: WorkerSetup = workerData;
const reader = new PixelReader(setup.recipe, (sha256) => isKnown(setup.known, sha256), setup.budget);

/** Tasks by index, the same in every worker; `undefined` is the end. */
const tasks: WorkerTask[] = [];
let busy = false;

port.on('message', (message: readonly WorkerTask[] | 'stop') => {
  if (message === 'stop') {
    // Let a running decode finish first: its native thread must not outlive this worker.
    tasks.length = 0;
    port.close();
    return;
  }
  tasks.push(...message);
  if (!busy) void work();
});

async function work(): Promise<void> {
  busy = true;
  for (;;) {
    const last = tasks.at(-1);
    const claimed = last === undefined ? undefined : claimTask(setup.claims, last.index);
    if (claimed === undefined) break;
    while (tasks[0] !== undefined && tasks[0].index < claimed) tasks.shift();
    const task = tasks.shift();
    if (task === undefined) break;
    const result = await reader.read(task.path, task.entry);
    port?.postMessage({ index: task.index, result }, pixelBuffers(result));
  }
  busy = false;
}
