import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { valueAt } from '../../system/at.ts';
import { pageHtml, pageScript } from '../page/html.ts';
import { pageStyle } from '../page/style.ts';
import type { Classifier } from '../photos/classifier.ts';
import type { ServedHead } from '../served-head.ts';
import { checkSite, checkToken } from './admission.ts';
import { type Answered, answeringHead, checkAsked, documentOf } from './answers.ts';
import { type Asked, readAsked } from './asked.ts';
import { Deadline } from './deadline.ts';
import { HttpError } from './http-error.ts';
import { openApi } from './open-api.ts';
import { BodyBytes, photosOf } from './photos-of.ts';

export interface ServerOptions {
  readonly token: string | undefined;
  /** Further host names of the server. */
  readonly allowedHosts: readonly string[];
  /** Classes in an answer unless the request says otherwise. */
  readonly top: number;
  readonly mostBodyBytes: number;
  readonly mostInFlight: number;
  readonly timeLimitSeconds: number;
}

/** All bodies together, in those of the largest size. */
const largestBodies = 4;
const mostConnections = 512;

/** The page may only use its own script and style, and this server. */
const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/**
 * The HTTP side of `serve`: a page, and POST /predict, GET /classes, /health and /openapi.json for programs. Stores
 * nothing. `listen()` it; `close()` waits for running requests.
 */
export async function createServer(
  served: readonly ServedHead[],
  classifier: Pick<Classifier, 'classify' | 'withoutEvidence'>,
  options: ServerOptions,
): Promise<FastifyInstance> {
  const heads = served.map((head, place) => answeringHead(head, classifier.withoutEvidence[place]));
  const app = fastify({
    // Time limits for slow bodies and headers (408).
    requestTimeout: options.timeLimitSeconds * 1000,
    http: { connectionsCheckingInterval: 500, headersTimeout: Math.min(10, options.timeLimitSeconds) * 1000 },
    forceCloseConnections: 'idle',
    bodyLimit: options.mostBodyBytes,
    routerOptions: { maxParamLength: 100 },
  });
  app.server.maxConnections = mostConnections;
  app.removeAllContentTypeParsers();
  // One byte more than BodyBytes allows, so that its error comes first.
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
  app.setNotFoundHandler((request, reply) => {
    const [url = ''] = request.url.split('?');
    const allowed = app.supportedMethods.filter((method) => app.hasRoute({ method, url }));
    if (allowed.length === 0) {
      return refuse(new HttpError(404, `nothing at ${request.url}: see /openapi.json`), request, reply);
    }
    reply.header('allow', allowed.join(', '));
    return refuse(new HttpError(405, `${url} takes ${allowed.join(' and ')}: see /openapi.json`), request, reply);
  });

  const withToken = async (request: FastifyRequest): Promise<void> => {
    if (options.token !== undefined) checkToken(request.headers, options.token);
  };
  const bytes = new BodyBytes(options.mostBodyBytes, largestBodies * options.mostBodyBytes);
  let inFlight = 0;

  const answersTo = async (request: FastifyRequest, asked: Asked, deadline: Deadline): Promise<readonly Answered[]> => {
    let held = 0;
    inFlight++;
    const photos = photosOf(request, (byteCount) => {
      bytes.take(byteCount, held + byteCount);
      held += byteCount;
    });
    const answers = photos.then((sent) => {
      if (asked.overlay && sent.length > 1) throw new HttpError(400, 'overlay is for one photo a request');
      const more = { evidence: asked.why || asked.overlay, pixels: asked.overlay };
      return Promise.all(sent.map((photo) => classifier.classify(photo.bytes, deadline.signal, more)));
    });
    // Requests past their time limit still count until a thread releases them.
    const done = (): void => {
      inFlight--;
      bytes.giveBack(held);
    };
    answers.then(done, done);
    const sent = await photos;
    const outcomes = await deadline.inTime(answers);
    return sent.map(({ name }, i) => ({ name, answer: valueAt(outcomes, i) }));
  };

  app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(pageHtml));
  app.get('/page.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(pageStyle));
  const script = pageScript();
  app.get('/page.js', (_request, reply) => reply.type('text/javascript; charset=utf-8').send(script));
  // Browsers request it automatically.
  app.get('/favicon.ico', (_request, reply) => reply.code(204).send());
  app.get('/health', async () => ({ status: 'ok' }));
  app.get('/openapi.json', async () => openApi(heads.length, options));
  app.get('/classes', { onRequest: withToken }, async () => ({
    heads: heads.map(({ served: { name, head, report }, without }) => ({
      head: name,
      model: report.model,
      accuracy: report.accuracy,
      classes: head.classes,
      without,
    })),
  }));
  app.post('/predict', {
    onRequest: async (request) => {
      await withToken(request);
      bytes.check(Number(request.headers['content-length'] ?? 0));
      if (inFlight >= options.mostInFlight) throw new HttpError(503, 'too many requests in flight: try again');
    },
    handler: async (request, reply) => {
      const asked = readAsked(request.query, options.top);
      checkAsked(heads, asked);
      const deadline = new Deadline(reply.raw, options.timeLimitSeconds);
      try {
        const answered = await answersTo(request, asked, deadline);
        reply.code(answered.some(({ answer }) => answer.outcome === 'predicted') ? 200 : 422);
        return reply.type('application/json; charset=utf-8').send(await documentOf(heads, answered, asked));
      } finally {
        deadline.end();
      }
    },
  });
  return app;
}

function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode, message } = toHttpError(error);
  if (statusCode === 401) reply.header('www-authenticate', 'Bearer');
  if (statusCode === 503) reply.header('retry-after', '1');
  // Do not wait for the rest of an unread body.
  if (!request.raw.complete) reply.header('connection', 'close');
  return reply.code(statusCode).type('application/json; charset=utf-8').send({ error: message });
}

function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  const { message, statusCode, code } = error as Error & { statusCode?: number; code?: string };
  if (statusCode !== undefined && statusCode < 500) return new HttpError(statusCode, message);
  // The body was truncated: the client may be gone.
  if (
    code === 'ECONNRESET' ||
    code === 'ERR_STREAM_PREMATURE_CLOSE' ||
    /Unexpected end|Premature close|aborted/i.test(message)
  ) {
    return new HttpError(400, 'the body was cut off');
  }
  return new HttpError(500, 'the photos could not be classified');
}
