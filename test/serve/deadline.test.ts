import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Deadline } from '../../src/serve/http/deadline.ts';

const response = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()));

// The deadline's timers do not keep the process alive, so a test that only waits for them would end early.
let alive: NodeJS.Timeout;
before(() => {
  alive = setInterval(() => {}, 1000);
});
after(() => clearInterval(alive));

it('ends a request at its time limit, and when its client disconnects', async () => {
  const never = new Promise<void>(() => {});
  await assert.rejects(new Deadline(response(), 0.01).inTime(never), { statusCode: 504 });
  const gone = response();
  const waited = new Deadline(gone, 60).inTime(never);
  gone.emit('close');
  await assert.rejects(waited, { statusCode: 499 });
  assert.equal(await new Deadline(response(), 60).inTime(Promise.resolve(7)), 7);
});

it('keeps no timer and no listener after its end', async () => {
  const answered = response();
  const before = answered.listenerCount('close');
  const deadline = new Deadline(answered, 0.01);
  deadline.end();
  assert.equal(answered.listenerCount('close'), before);
  await sleep(40);
  assert.equal(deadline.signal.aborted, false);
});
