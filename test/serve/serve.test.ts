import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import { loadReportHead } from '../../src/predict/load-head.ts';
import { isLoopback } from '../../src/serve/http/admission.ts';
import { createServer } from '../../src/serve/http/server.ts';
import type { RunningServer } from '../../src/serve/serve.ts';
import { featuretap } from '../cli/command.ts';
import { type TrainedHeads, trainHeads } from '../predict/trained.ts';
import { type Answer, firstAnswer, post, predictHead, rawRequest, serveReports } from './served.ts';

describe('a server of heads', { timeout: 300_000 }, () => {
  let root = '';
  let trained: TrainedHeads;
  let reports: readonly string[] = [];
  let photos: readonly string[] = [];
  let server: RunningServer;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'featuretap-serve-'));
    trained = await trainHeads(root, {
      models: [
        ['ridge', {}],
        ['knn', {}],
      ],
    });
    reports = trained.reports.map(({ report }) => report);
    photos = ['red/red-00.png', 'blue/blue-03.png', 'green/green-07.png'].map((name) => join(trained.data, name));
    server = await serveReports(reports.slice(0, 1));
  });
  after(async () => {
    await server.close();
    await rm(root, { recursive: true });
  });

  const predicted = async (head: string, ...paths: readonly string[]): Promise<Answer> => {
    const { stdout, stderr } = await featuretap(['predict', '--threads', '1', '--head', head, '--json', ...paths]);
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout) as Answer;
  };
  const form = async (...paths: readonly string[]): Promise<FormData> => {
    const made = new FormData();
    for (const path of paths) made.append('photos', new Blob([await readFile(path)]), basename(path));
    return made;
  };

  it('answers the photos of a form like predict --json, number for number', async () => {
    const response = await post(server.url, await form(...photos));
    assert.equal(response.status, 200);
    const answer = (await response.json()) as Answer;
    const expected = await predicted(reports[0] as string, ...photos);
    assert.deepEqual(answer, {
      ...expected,
      images: expected.images.map((image) => ({ ...image, path: basename(image.path) })),
    });
  });

  it("answers a photo as the request's body, with as many classes as the parameter top", async () => {
    const response = await fetch(`${server.url}predict?top=2`, {
      method: 'POST',
      body: await readFile(photos[0] as string),
    });
    const { images } = (await response.json()) as Answer;
    const expected = (await predicted(reports[0] as string, photos[0] as string)).images[0]?.top.slice(0, 2);
    assert.deepEqual(images, [{ path: 'body', id: 'body', top: expected }]);
  });

  it('answers by several heads in their order', async () => {
    const several = await serveReports(reports);
    try {
      const response = await post(several.url, await readFile(photos[0] as string));
      const { heads } = (await response.json()) as { heads: readonly Answer[] };
      const expected: unknown[] = [];
      for (const head of reports) expected.push([head, (await predicted(head, photos[0] as string)).images[0]?.top]);
      assert.deepEqual(
        heads.map(({ head, images }) => [head, images[0]?.top]),
        expected,
      );
    } finally {
      await several.close();
    }
  });

  it('names unreadable photos beside the answers, and answers 422 where none is readable', async () => {
    const mixed = await form(photos[0] as string);
    mixed.append('photos', new Blob(['no image']), 'text.jpg');
    const some = await post(server.url, mixed);
    const none = await post(server.url, 'no image');
    assert.deepEqual([some.status, none.status], [200, 422]);
    const failed = [{ path: 'text.jpg', reason: 'not a known image format' }];
    assert.deepEqual(((await some.json()) as Answer).failed, failed);
    assert.deepEqual(((await none.json()) as Answer).failed, [{ ...failed[0], path: 'body' }]);
  });

  it('rejects a request without a photo, an unknown path and a wrong parameter', async () => {
    const answers = [
      await post(server.url, ''),
      await post(server.url, new FormData()),
      await fetch(`${server.url}nothing`),
      await fetch(`${server.url}predict`),
      await fetch(`${server.url}predict?top=0`, { method: 'POST', body: 'x' }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [400, 400, 404, 405, 400],
    );
    assert.equal(answers[3]?.headers.get('allow'), 'POST');
    for (const answer of answers) assert.match(((await answer.json()) as { error: string }).error, /\w/);
  });

  it('describes itself: health, classes, and an OpenAPI document that its answers match', async () => {
    const json = async (path: string): Promise<unknown> => (await fetch(server.url + path)).json();
    assert.deepEqual(await json('health'), { status: 'ok' });
    const classes = (await json('classes')) as { heads: readonly { classes: readonly string[] }[] };
    assert.deepEqual(classes.heads[0]?.classes, trained.reports[0]?.classes);
    const { openapi, paths } = (await json('openapi.json')) as {
      openapi: string;
      paths: Record<
        string,
        Record<string, { responses: Record<string, { content: Record<string, { schema: AnySchema }> }> }>
      >;
    };
    assert.equal(openapi, '3.1.0');
    const answered = await (await post(server.url, await form(...photos))).json();
    for (const [path, method, value] of [
      ['/predict', 'post', answered],
      ['/classes', 'get', classes],
      ['/health', 'get', await json('health')],
    ] as const) {
      const schema = paths[path]?.[method]?.responses['200']?.content['application/json']?.schema;
      const validate = new Ajv2020().compile(schema as AnySchema);
      assert.ok(validate(value), `${path}: ${JSON.stringify(validate.errors)}`);
      assert.ok(!validate({}), `${path}: its schema refuses what is no answer`);
    }
  });

  it('answers only to its own host names, against DNS rebinding', async () => {
    const { port } = new URL(server.url);
    const status = (host: string): Promise<number | undefined> => withHeaders(server.url, { host });
    assert.equal(await status(`127.0.0.1:${port}`), 200);
    assert.equal(await status(`localhost:${port}`), 200);
    assert.equal(await status(`[::1]:${port}`), 200);
    assert.equal(await status('rebound.example'), 421);
    assert.equal(await status('127.0.0.1.rebound.example'), 421);
    assert.equal(await status('localhost@rebound.example'), 421);
    const named = await serveReports(reports.slice(0, 1), { allowedHosts: ['photos.example'] });
    try {
      assert.equal(await withHeaders(named.url, { host: 'photos.example' }), 200);
    } finally {
      await named.close();
    }
  });

  it('rejects requests from pages of other sites', async () => {
    const { host } = new URL(server.url);
    assert.equal(await withHeaders(server.url, { host, origin: `http://${host}` }), 200);
    assert.equal(await withHeaders(server.url, { host, origin: 'https://other.example' }), 403);
    assert.equal(await withHeaders(server.url, { host, origin: 'http://127.0.0.1:1' }), 403);
    assert.equal(await withHeaders(server.url, { host, origin: 'null' }), 403);
    assert.equal(
      await withHeaders(server.url, { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }),
      403,
    );
  });

  it('requires its token for photos and classes where it has one', async () => {
    const token = 'a-token-of-some-length';
    const guarded = await serveReports(reports.slice(0, 1), { token });
    try {
      const status = async (path: string, authorization?: string, init: RequestInit = {}): Promise<number> =>
        (await fetch(guarded.url + path, { ...init, ...(authorization && { headers: { authorization } }) })).status;
      const photo = { method: 'POST', body: await readFile(photos[0] as string) };
      assert.equal(await status('predict', undefined, photo), 401);
      assert.equal(await status('predict', `Bearer ${token}x`, photo), 401);
      assert.equal(await status('predict', `Basic ${token}`, photo), 401);
      assert.equal(await status('predict', `Bearer ${token}`, photo), 200);
      assert.equal(await status('classes'), 401);
      assert.equal(await status('classes', `Bearer ${token}`), 200);
      assert.equal(await status('health'), 200);
    } finally {
      await guarded.close();
    }
  });

  it('answers 503 with Retry-After when overloaded, and continues afterwards', async () => {
    const small = await serveReports(reports.slice(0, 1), { mostInFlight: 1 });
    try {
      const { port } = new URL(small.url);
      const photo = await readFile(photos[0] as string);
      const slow = request({
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/predict',
        headers: { 'content-length': photo.length, expect: '100-continue' },
      });
      const answered = new Promise<number | undefined>((resolve, reject) => {
        slow.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      });
      // The server says so when the request is under way.
      slow.flushHeaders();
      await once(slow, 'continue');
      slow.write(photo.subarray(0, 10));
      const second = await post(small.url, photo);
      assert.deepEqual([second.status, second.headers.get('retry-after')], [503, '1']);
      slow.end(photo.subarray(10));
      assert.equal(await answered, 200);
      assert.equal((await post(small.url, photo)).status, 200);
    } finally {
      await small.close();
    }
  });

  it('answers 408 to bodies and headers that never end, and continues', async () => {
    const hasty = await serveReports(reports.slice(0, 1), { timeLimitSeconds: 1 });
    try {
      const photo = await readFile(photos[0] as string);
      const goesOn = async (): Promise<void> => {
        // A busy machine may take longer than that for a photo.
        let status = 504;
        while (status === 504) status = (await post(hasty.url, photo)).status;
        assert.equal(status, 200);
      };
      const cut = ['POST /predict HTTP/1.1\r\nHost: localhost\r\n', `${predictHead(1000)}x`];
      const answers = Array.from({ length: 21 }, (_, i) =>
        firstAnswer(rawRequest(hasty.url, cut[Math.min(i, 1)] ?? '')),
      );
      await goesOn();
      for (const answer of answers) assert.match(await answer, /^HTTP\/1\.1 408 /);
      await goesOn();
    } finally {
      await hasty.close();
    }
  });

  it('reports a timeout where no photo was answered in time', async () => {
    const never = {
      withoutEvidence: [undefined],
      classify: (_bytes: Uint8Array, signal: AbortSignal) =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    };
    const [name = ''] = reports;
    const app = await createServer([{ ...(await loadReportHead(name)), name, photos: 'none' }], never, {
      ...{ token: undefined, allowedHosts: [], top: 5, mostBodyBytes: 1000, mostInFlight: 1, timeLimitSeconds: 0.1 },
    });
    const answer = await app.inject({ method: 'POST', url: '/predict', payload: 'a photo' });
    assert.equal(answer.statusCode, 504);
    await app.close();
  });
});

describe('serve on the command line', { timeout: 120_000 }, () => {
  it('rejects other machines without a token, and a token that is easy to guess', async () => {
    const open = await featuretap(['serve', '--head', 'none', '--host', '0.0.0.0']);
    assert.deepEqual([open.status, /no token/.test(open.stderr)], [2, true]);
    assert.match(open.stderr, /fix: .*serve .*--token [\da-f]{32}\b.* --host 0\.0\.0\.0/);
    const short = await featuretap(['serve', '--head', 'none', '--token', 'secret', '--host', '0.0.0.0']);
    assert.deepEqual([short.status, /at least 16/.test(short.stderr), /secret/.test(short.stderr)], [2, true, false]);
    assert.match(short.stderr, /fix: .*serve .*--token [\da-f]{32} --host 0\.0\.0\.0/);
  });

  it('distinguishes local addresses from others', () => {
    const hosts = ['127.0.0.1', '127.1.2.3', '::1', 'localhost', '0.0.0.0', '::', '10.0.0.1', '127.evil.example'];
    assert.deepEqual(hosts.filter(isLoopback), ['127.0.0.1', '127.1.2.3', '::1', 'localhost']);
  });
});

function withHeaders(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}health`, { headers }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
}
