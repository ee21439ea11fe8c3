import { parentPort, workerData } from 'node:worker_threads';
import { pixelBuffers } from '../../extract/images/pipeline/pixel-protocol.ts';
import { PixelReader } from '../../extract/images/pipeline/pixel-reader.ts';
import type { PhotoReply, PhotoSetup, PhotoTask } from './photo-pool.ts';

const port = parentPort;
if (port === null) throw new Error('photos.worker runs as a worker thread only');
const { recipe, budget }: PhotoSetup = workerData;
const reader = new PixelReader(recipe, () => false, budget);

const tasks: PhotoTask[] = [];
let busy = false;

port.on('message', (message: PhotoTask | 'stop') => {
  if (message === 'stop') {
    // Let a running decode finish first: its native thread must not outlive this worker.
    tasks.length = 0;
    port.close();
    return;
  }
  tasks.push(message);
  if (!busy) void work();
});

async function work(): Promise<void> {
  busy = true;
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
    const pixels = await reader.readBytes(task.bytes);
    const reply: PhotoReply = { index: task.index, pixels };
    port?.postMessage(reply, pixelBuffers(pixels));
  }
  busy = false;
}
