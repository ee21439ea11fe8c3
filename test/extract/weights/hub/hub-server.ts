import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { BrokenOff } from '../broken-off.ts';

/** Requests: `METHOD path`, with token and range. */
export interface Asked {
  readonly line: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** A hub with one repository, and the storage at another origin to which it redirects large files. */
export interface ServedHub {
  readonly endpoint: string;
  readonly storage: string;
  readonly hubAsked: Asked[];
  readonly storageAsked: Asked[];
  /** The commit of `main`. */
  commit: string;
  /** By path; large files are .onnx files and their external data. */
  files: Map<string, Buffer>;
  /** Rejects requests without this token. */
  token: string | undefined;
  /** The storage breaks off after this many bytes; undefined: never. */
  breakAfter: number | undefined;
  /** Of the client, where `breakAfter` is given. */
  readonly onProgress: BrokenOff['onProgress'];
  /** The storage sends this instead of what was asked for. */
  wrongBytes: Buffer | undefined;
  close(): Promise<void>;
}

export const repository = 'onnx-community/dinov2-tiny';
export const commits = ['a', 'b'].map((letter) => letter.repeat(40)) as readonly string[];

/** Files of a folder by their path in it. */
export function filesOf(folder: string): Map<string, Buffer> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const whole = paths.map((entry) => join(entry.parentPath, entry.name));
  return new Map(whole.map((path) => [path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path)]));
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const gitSha1 = (bytes: Buffer): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** Serves a repository like huggingface.co (paths, redirects and headers) until the test ends or it is closed. */
export async function serveHub(context: TestContext | undefined, folder: string): Promise<ServedHub> {
  const hubAsked: Asked[] = [];
  const storageAsked: Asked[] = [];
  const broken = new BrokenOff();
  const storage = await listen((request, response) => {
    note(storageAsked, request);
    const bytes = [...served.files.values()].find((one) => `/xet/${sha256(one)}` === request.url?.split('?')[0]);
    if (bytes === undefined) return void response.writeHead(404).end();
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const sent = (served.wrongBytes ?? bytes).subarray(from);
    const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': sent.length, ...(from > 0 ? range : {}) });
    if (served.breakAfter === undefined) return void response.end(sent);
    broken.send(response, sent.subarray(0, served.breakAfter), from + Math.min(served.breakAfter, sent.length));
  });
  const hub = await listen((request, response) => {
    note(hubAsked, request);
    const url = request.url ?? '';
    if (served.token !== undefined && request.headers.authorization !== `Bearer ${served.token}`)
      return void response.writeHead(401, { 'x-error-code': 'GatedRepo' }).end();
    if (
      url === `/api/models/${repository}/revision/main` ||
      url === `/api/models/${repository}/revision/${served.commit}`
    ) {
      const siblings = ['.gitattributes', 'README.md', ...served.files.keys()].map((rfilename) => ({ rfilename }));
      response.setHeader('content-type', 'application/json');
      return void response.end(JSON.stringify({ id: repository, sha: served.commit, siblings }));
    }
    const cached = `/api/resolve-cache/models/${repository}/${served.commit}/`;
    const resolve = `/${repository}/resolve/${served.commit}/`;
    const start = [resolve, cached].find((path) => url.startsWith(path));
    const bytes = start === undefined ? undefined : served.files.get(url.slice(start.length));
    if (start === undefined || bytes === undefined)
      return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    response.setHeader('x-repo-commit', served.commit);
    const path = url.slice(start.length);
    if (path.includes('.onnx')) {
      return void response
        .writeHead(302, {
          location: `${originOf(storage)}/xet/${sha256(bytes)}?X-Signature=s3cret`,
          'x-linked-size': bytes.length,
          'x-linked-etag': `"${sha256(bytes)}"`,
        })
        .end();
    }
    if (start === resolve) return void response.writeHead(307, { location: `${cached}${path}` }).end();
    response.writeHead(200, { etag: `"${gitSha1(bytes)}"`, 'content-length': bytes.length });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  });
  const served: ServedHub = {
    endpoint: originOf(hub),
    storage: originOf(storage),
    hubAsked,
    storageAsked,
    commit: commits[0] as string,
    files: filesOf(folder),
    token: undefined,
    breakAfter: undefined,
    onProgress: broken.onProgress,
    wrongBytes: undefined,
    close: async () => {
      for (const server of [hub, storage]) {
        server.closeAllConnections();
        await new Promise<unknown>((resolve) => server.close(resolve));
      }
    },
  };
  context?.after(() => served.close());
  return served;
}

function note(asked: Asked[], { method, url, headers }: IncomingMessage): void {
  asked.push({ line: `${method} ${url}`, authorization: headers.authorization, range: headers.range });
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
