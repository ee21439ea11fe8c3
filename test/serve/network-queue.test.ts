import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetworkQueue } from '../../src/serve/photos/network-queue.ts';

const image = (value: number): readonly Uint8Array[] => [new Uint8Array(3).fill(value)];
const never = new AbortController().signal;

function queueOf(
  batch: number,
  pending = () => 0,
  longestWaitMs = 60_000,
): { queue: NetworkQueue<number>; runs: number[][] } {
  const runs: number[][] = [];
  const queue = new NetworkQueue<number>({
    crops: [1],
    batch,
    pending,
    longestWaitMs,
    run: async ([batch]) => {
      const { rowCount, bytesNHWC } = batch ?? assert.fail('no batch');
      const values = Array.from({ length: rowCount }, (_, i) => bytesNHWC[3 * i] as number);
      runs.push(values);
      if (values.includes(13)) throw new Error('no such number');
      return values.map((value) => value * 2);
    },
  });
  return { queue, runs };
}

test('images that arrive together share runs of at most a batch, each with its own row', async () => {
  const { queue, runs } = queueOf(4);
  const rows = await Promise.all([1, 2, 3, 4, 5, 6].map((value) => queue.ask(image(value), never)));
  assert.deepEqual(rows, [2, 4, 6, 8, 10, 12]);
  assert.deepEqual(runs, [
    [1, 2, 3, 4],
    [5, 6],
  ]);
});

test('a partial batch waits for an image that is being decoded', async () => {
  let pending = 1;
  const { queue, runs } = queueOf(2, () => pending);
  const first = queue.ask(image(1), never);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(runs, []);
  pending = 0;
  await Promise.all([first, queue.ask(image(2), never)]);
  assert.deepEqual(runs, [[1, 2]]);
});

test('a batch runs without an image that fails to decode', async () => {
  const { queue } = queueOf(2, () => 1, 1);
  assert.equal(await queue.ask(image(1), never), 2);
});

test('an image whose request ended is in no run', async () => {
  const { queue, runs } = queueOf(4);
  const given = new AbortController();
  const gone = queue.ask(image(1), given.signal);
  const kept = queue.ask(image(2), never);
  given.abort(new Error('left'));
  await assert.rejects(gone, /left/);
  assert.equal(await kept, 4);
  assert.deepEqual(runs, [[2]]);
});

test('a failed run fails only its own images', async () => {
  const { queue } = queueOf(1);
  const results = await Promise.allSettled([13, 7].map((value) => queue.ask(image(value), never)));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
  await queue.idle();
});
