import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { oneBitPng } from '../../scripts/torture/serve/one-bit-png.ts';
import { type TrainedHeads, trainHeads } from '../predict/trained.ts';
import { needsReference, projectRoot, reference } from '../reference.ts';
import { firstAnswer, post, predictHead, rawRequest } from './served.ts';

const withoutProc = process.platform === 'linux' ? false : 'skipped: no /proc here';

describe('a server with hostile clients', { timeout: 300_000 }, () => {
  let root = '';
  let trained: TrainedHeads;
  let photo: Buffer<ArrayBuffer>;
  let child: ChildProcess;
  let url = '';
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'featuretap-hostile-'));
    trained = await trainHeads(root, { models: [['ridge', {}]], perClass: 4 });
    photo = await readFile(join(trained.data, 'red/red-00.png'));
    const script = join(projectRoot, 'scripts/featuretap.cjs');
    const options = ['--port', '0', '--threads', '1', '--max-body', '2MB'];
    const args = [script, 'serve', '--head', trained.reports[0]?.report as string, ...options];
    child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer];
    url = String(line).trim();
  });
  after(async () => {
    child.kill('SIGKILL');
    await rm(root, { recursive: true });
  });

  const raw = (text: string): Socket => rawRequest(url, text);
  const goesOn = async (): Promise<void> => assert.equal((await post(url, photo)).status, 200);

  it('continues after bodies that are cut off', async () => {
    const cut = [
      `${predictHead(1000)}x`,
      `${predictHead(1000, form)}--b\r\nContent-Disp`,
      `${predictHead(1000, form)}${filePart}`,
      'POST /pre',
    ];
    // More of each than may run at once: none keeps its slot.
    for (const text of Array.from({ length: 70 }, () => cut).flat()) {
      const socket = raw(text);
      await once(socket, 'connect');
      // Sent, then cut.
      socket.end();
      socket.resume();
      await once(socket, 'close');
    }
    const answer = firstAnswer(raw(`${predictHead(filePart.length, form)}${filePart}`));
    assert.match(await answer, /^HTTP\/1\.1 400 /, 'a form without its end');
    await goesOn();
  });

  it('answers 413 to a body above the limit: announced, streamed, or in a form', async () => {
    assert.match(await firstAnswer(raw(predictHead(2_000_001))), /^HTTP\/1\.1 413 /);
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const streamed = raw(
      `POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(31)}`,
    );
    assert.match(await firstAnswer(streamed), /^HTTP\/1\.1 413 /);
    const parts = new FormData();
    for (const name of ['a', 'b', 'c']) parts.append(name, new Blob([new Uint8Array(700_000)]), name);
    const sent = await post(url, parts).then(
      ({ status }) => status,
      () => 413,
    );
    assert.equal(sent, 413);
    await goesOn();
  });

  it('rejects a decompression bomb by its header', async () => {
    const bomb = await post(url, oneBitPng(60_000, 60_000, 1000));
    assert.equal(bomb.status, 422);
    assert.match(await bomb.text(), /60000 x 60000 pixels.*decompression bomb/);
    const real = oneBitPng(12_000, 12_000);
    assert.ok(real.length < 100_000);
    assert.equal((await post(url, real)).status, 422);
    await goesOn();
  });

  it('answers 400 to invalid HTTP', async () => {
    assert.match(await firstAnswer(raw('\u0016\u0003\u0001 hello\r\n\r\n')), /^HTTP\/1\.1 400 /);
    await goesOn();
  });

  it('answers every unusual image with 200, or 422 and the reason', {
    skip: needsReference('odd-images'),
  }, async () => {
    for (const name of await readdir(reference('odd-images'))) {
      const bytes = await readFile(reference(`odd-images/${name}`));
      const { status } = await post(url, bytes);
      assert.equal(status, bytes.length === 0 ? 400 : name.startsWith('bad-') ? 422 : 200, name);
    }
    await goesOn();
  });

  it('needs no more memory after 500 requests than after 200', { skip: withoutProc }, async () => {
    const ask = async (count: number): Promise<number> => {
      let asked = 0;
      const client = async (): Promise<void> => {
        while (asked++ < count)
          assert.equal((await post(url, asked % 10 === 0 ? 'no image' : photo)).status % 222, 200);
      };
      await Promise.all(Array.from({ length: 8 }, client));
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
    };
    let before = await ask(200);
    const said = [before];
    // A collector of garbage that is late takes more once; what is kept of each request adds up in every round.
    for (let round = 0; round < 3; round++) {
      const afterwards = await ask(300);
      said.push(afterwards);
      // 85 kB a request.
      if (afterwards < before + 25.5) return;
      before = afterwards;
    }
    assert.fail(`${said.join(' MB, ')} MB`);
  });

  it('completes running requests on SIGTERM, accepts no new ones and exits with 0', async () => {
    const socket = raw(predictHead(photo.length).replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'));
    // The server says so when the request is under way.
    const [goOn] = (await once(socket, 'data')) as [Buffer];
    assert.match(String(goOn), /^HTTP\/1\.1 100 /);
    socket.write(photo.subarray(0, 100));
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const refused = async (): Promise<boolean> =>
      fetch(`${url}health`).then(
        (r) => r.status === 503,
        () => true,
      );
    while (!(await refused())) await new Promise((resolve) => setTimeout(resolve, 20));
    const answer = firstAnswer(socket);
    socket.write(photo.subarray(100));
    assert.match(await answer, /^HTTP\/1\.1 200 /);
    assert.deepEqual(await ended, [0, null]);
  });
});

const form = 'multipart/form-data; boundary=b';
const filePart = '--b\r\nContent-Disposition: form-data; name="a"; filename="a.png"\r\n\r\nabc';
