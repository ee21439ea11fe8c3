import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { oneBitPng } from '../../scripts/torture/serve/one-bit-png.ts';
import { type TrainedHeads, trainHeads } from '../predict/trained.ts';
import { needsReference, projectRoot, reference } from '../reference.ts';
import { post } from './served.ts';

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
    const options = ['--port', '0', '--threads', '1', '--timeout', '5', '--max-body', '2MB'];
    const args = [script, 'serve', '--head', trained.reports[0]?.report as string, ...options];
    child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer];
    url = String(line).trim();
  });
  after(async () => {
    child.kill('SIGKILL');
    await rm(root, { recursive: true });
  });

  const goesOn = async (): Promise<void> => assert.equal((await post(url, photo)).status, 200);

  it('answers 408 to bodies and headers that never end, and continues', async () => {
    const slow = Array.from({ length: 20 }, () => raw(`${head(1000)}x`));
    const headless = raw('POST /predict HTTP/1.1\r\nHost: localhost\r\n');
    await goesOn();
    for (const socket of [...slow, headless]) assert.match(await heard(socket), /^HTTP\/1\.1 408 /);
    await goesOn();
  });

  it('continues after bodies that are cut off', async () => {
    const cut = [
      `${head(1000)}x`,
      `${head(1000, form)}--b\r\nContent-Disp`,
      `${head(1000, form)}${filePart}`,
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
    const answer = heard(raw(`${head(filePart.length, form)}${filePart}`));
    assert.match(await answer, /^HTTP\/1\.1 400 /, 'a form without its end');
    await goesOn();
  });

  it('answers 413 to a body above the limit: announced, streamed, or in a form', async () => {
    assert.match(await heard(raw(head(2_000_001))), /^HTTP\/1\.1 413 /);
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const streamed = raw(
      `POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(31)}`,
    );
    assert.match(await heard(streamed), /^HTTP\/1\.1 413 /);
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
    assert.match(await heard(raw('\u0016\u0003\u0001 hello\r\n\r\n')), /^HTTP\/1\.1 400 /);
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
    const before = await ask(200);
    const afterwards = await ask(300);
    // 85 kB a request.
    assert.ok(afterwards < before + 25.5, `${before} MB, then ${afterwards} MB`);
  });

  it('completes running requests on SIGTERM, accepts no new ones and exits with 0', async () => {
    const socket = raw(head(photo.length).replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'));
    // The server says so when the request is under way.
    const [goOn] = (await once(socket, 'data')) as [Buffer];
    assert.match(String(goOn), /^HTTP\/1\.1 100 /);
    socket.write(photo.subarray(0, 100));
    child.kill('SIGTERM');
    const refused = async (): Promise<boolean> =>
      fetch(`${url}health`).then(
        (r) => r.status === 503,
        () => true,
      );
    while (!(await refused())) await new Promise((resolve) => setTimeout(resolve, 20));
    const answer = heard(socket);
    socket.write(photo.subarray(100));
    assert.match(await answer, /^HTTP\/1\.1 200 /);
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  function raw(text: string): Socket {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
    socket.on('error', () => undefined);
    socket.write(text, 'latin1');
    return socket;
  }
});

const form = 'multipart/form-data; boundary=b';
const filePart = '--b\r\nContent-Disposition: form-data; name="a"; filename="a.png"\r\n\r\nabc';

function head(length: number, type = 'image/png'): string {
  return `POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
}

/** The first message of a server. */
async function heard(socket: Socket): Promise<string> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return String(data);
}
