import { basename } from 'node:path';
import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { withoutExtension } from '../../extract/images/list/image-names.ts';
import type { ShippedHead } from '../../predict/load-head.ts';
import { jsonOutput } from '../../predict/output.ts';
import { say } from '../../predict/say.ts';
import { clientScript } from '../page/client-script.ts';
import { pageHtml } from '../page/html.ts';
import { pageStyle } from '../page/style.ts';
import type { Classifier, HeadRow, PhotoAnswer } from '../photos/classifier.ts';
import { checkSite, checkToken } from './admission.ts';
import { HttpError } from './http-error.ts';
import { openApi } from './open-api.ts';
import { BodyBytes, photosOf, type SentPhoto } from './photos-of.ts';

/** A head under the name that answers carry. */
export interface ServedHead extends ShippedHead {
  /** The folder of its report, as it was named. */
  readonly name: string;
}

export interface ServerOptions {
  /** Wanted with every question; undefined: none is. */
  readonly token: string | undefined;
  /** Names under which the server is reached, besides this machine's own. */
  readonly allowedHosts: readonly string[];
  /** Classes in an answer unless the request says otherwise. */
  readonly top: number;
  readonly mostBodyBytes: number;
  /** Requests with photos at one time. */
  readonly mostInFlight: number;
  readonly timeLimitSeconds: number;
}

/** All bodies together, in those of the largest size. */
const largestBodies = 4;
const mostConnections = 512;

/** The page runs its own script and style and speaks to this server alone. */
const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/**
 * The HTTP side of `serve`: a page, and POST /predict, GET /classes, /health and /openapi.json for programs. Keeps
 * nothing of what it is sent. `listen()` it; `close()` waits for the answers that are under way.
 */
export async function createServer(
  heads: readonly ServedHead[],
  classifier: Pick<Classifier, 'classify'>,
  options: ServerOptions,
): Promise<FastifyInstance> {
  const app = fastify({
    // Slow bodies and slow headers end here, with 408.
    requestTimeout: options.timeLimitSeconds * 1000,
    http: { connectionsCheckingInterval: 500, headersTimeout: Math.min(10, options.timeLimitSeconds) * 1000 },
    forceCloseConnections: 'idle',
    bodyLimit: options.mostBodyBytes,
    routerOptions: { maxParamLength: 100 },
  });
  app.server.maxConnections = mostConnections;
  app.removeAllContentTypeParsers();
  // One byte more than BodyBytes allows, which speaks first.
  await app.register(multipart, { limits: { fileSize: options.mostBodyBytes + 1 } });
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': contentPolicy,
      'cache-control': 'no-store',
    });
    checkSite(request.headers, options.allowedHosts);
  });
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    refuse(new HttpError(404, `nothing at ${request.url}: see /openapi.json`), request, reply),
  );

  const withToken = async (request: FastifyRequest): Promise<void> => {
    if (options.token !== undefined) checkToken(request.headers, options.token);
  };
  const bytes = new BodyBytes(options.mostBodyBytes, largestBodies * options.mostBodyBytes);
  let inFlight = 0;

  app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(pageHtml));
  app.get('/page.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(pageStyle));
  app.get('/page.js', (_request, reply) => reply.type('text/javascript; charset=utf-8').send(clientScript));
  app.get('/health', async () => ({ status: 'ok' }));
  app.get('/openapi.json', async () => openApi(heads.length, options));
  app.get('/classes', { onRequest: withToken }, async () => ({
    heads: heads.map(({ name, head, report }) => ({
      head: name,
      model: report.model,
      accuracy: report.accuracy,
      classes: head.classes,
    })),
  }));
  app.post('/predict', {
    onRequest: async (request) => {
      await withToken(request);
      bytes.check(Number(request.headers['content-length'] ?? 0));
      if (inFlight >= options.mostInFlight) throw new HttpError(503, 'too many requests are under way: ask again');
    },
    handler: async (request, reply) => {
      const top = topAsked(request, options.top);
      const limit = AbortSignal.timeout(options.timeLimitSeconds * 1000);
      const gone = new AbortController();
      const onClose = (): void => gone.abort(new HttpError(499, 'nobody waits for the answer'));
      reply.raw.once('close', onClose);
      const signal = AbortSignal.any([limit, gone.signal]);
      let held = 0;
      inFlight++;
      const photos = photosOf(request, (byteCount) => {
        bytes.take(byteCount, held + byteCount);
        held += byteCount;
      });
      const answers = photos.then((sent) => Promise.all(sent.map((photo) => classifier.classify(photo.bytes, signal))));
      // Those whose time is over are under way all the same until a thread lets go of them.
      const done = (): void => {
        inFlight--;
        bytes.giveBack(held);
      };
      answers.then(done, done);
      const sent = await photos;
      const outcomes = await orTimeOut(answers, signal);
      reply.code(outcomes.some(({ outcome }) => outcome === 'predicted') ? 200 : 422);
      return reply.type('application/json; charset=utf-8').send(await documentOf(heads, sent, outcomes, top));
    },
  });
  return app;
}

/** What `predict --json` prints; with several heads one such document for each, as `{ heads: […] }`. */
async function documentOf(
  heads: readonly ServedHead[],
  photos: readonly SentPhoto[],
  answers: readonly PhotoAnswer[],
  top: number,
): Promise<string> {
  const documents: string[] = [];
  for (const [place, { name, head }] of heads.entries()) {
    const format = jsonOutput(name);
    const pieces = [format.start];
    const failed: { readonly path: string; readonly reason: string }[] = [];
    for (const [i, photo] of photos.entries()) {
      const answer = answers[i] as PhotoAnswer;
      if (answer.outcome === 'failed') failed.push({ path: photo.name, reason: answer.reason });
      else {
        const said = await say(answer.rows[place] as HeadRow, head.classes, { top });
        pieces.push(format.predicted(photo.name, withoutExtension(basename(photo.name)), said));
      }
    }
    documents.push([...pieces, format.end(failed)].join(''));
  }
  return documents.length === 1 ? (documents[0] as string) : `{ "heads": [${documents.join(', ')}] }\n`;
}

function topAsked(request: FastifyRequest, fallback: number): number {
  const { top } = request.query as { readonly top?: unknown };
  if (top === undefined) return fallback;
  const count = Number(top);
  if (typeof top === 'string' && Number.isSafeInteger(count) && count >= 1) return count;
  throw new HttpError(400, `top is ${JSON.stringify(top)}: expected a whole number from 1`);
}

async function orTimeOut<T>(answers: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([answers, over]);
}

function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode, message } = toHttpError(error);
  if (statusCode === 401) reply.header('www-authenticate', 'Bearer');
  if (statusCode === 503) reply.header('retry-after', '1');
  // The rest of a body that nobody reads is not waited for.
  if (!request.raw.complete) reply.header('connection', 'close');
  return reply.code(statusCode).type('application/json; charset=utf-8').send({ error: message });
}

function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  const { name, message, statusCode, code } = error as Error & { statusCode?: number; code?: string };
  if (name === 'TimeoutError') return new HttpError(504, 'no answer within the time limit');
  if (statusCode !== undefined && statusCode < 500) return new HttpError(statusCode, message);
  // The body ended before its end: nobody may be there to read this.
  if (
    code === 'ECONNRESET' ||
    code === 'ERR_STREAM_PREMATURE_CLOSE' ||
    /Unexpected end|Premature close|aborted/i.test(message)
  ) {
    return new HttpError(400, 'the body was cut off');
  }
  return new HttpError(500, 'the photos could not be classified');
}
