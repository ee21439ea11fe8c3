import { randomBytes } from 'node:crypto';
import { loadAskedHead } from '../predict/load-head.ts';
import { answerOptions, embedderOptions } from '../predict/options.ts';
import { isLoopback } from '../serve/http/admission.ts';
import type { NamedHead } from '../serve/served-head.ts';
import { usageError } from '../system/errors.ts';
import { parseBytes } from '../system/options.ts';
import { retyped, withOption } from './retyped.ts';
import { keepHeapSmall } from './small-heap.ts';
import { defineVerb, type Session, type Verb } from './verb.ts';

const longestTimeout = 600;
/** A token that can be guessed protects nothing. */
const shortestToken = 16;
const tokenVariable = 'FEATURETAP_TOKEN';

export const serveVerb: Verb = defineVerb({
  // Running requests may take up to the longest timeout.
  graceMs: longestTimeout * 1000,
  options: {
    head: { describe: 'folder of a report; several (repeated, or a,b) answer side by side', text: true, list: true },
    port: {
      describe: 'port to listen on; 0 picks a free one',
      numbers: { min: 0, max: 65_535, whole: true, usual: 8080 },
      default: 8080,
    },
    host: {
      describe: 'address to listen on; any but localhost requires a --token',
      text: true,
      default: '127.0.0.1',
    },
    token: {
      describe: 'token that requests must send as Authorization: Bearer TOKEN',
      text: true,
      unset: `$${tokenVariable}`,
    },
    allowHost: { describe: 'further accepted host names: a,b', text: true, list: true },
    ...answerOptions,
    maxBody: { describe: 'largest request', parse: parseBytes, unset: '64MB' },
    maxInFlight: {
      describe: 'concurrent requests; further ones are answered with 503',
      numbers: { min: 1, max: 10_000, whole: true },
      default: 64,
    },
    timeout: {
      describe: 'seconds that a request may take',
      numbers: { above: 0, max: longestTimeout },
      default: 30,
    },
    ...embedderOptions,
  },
  run: async ({ head: folders, host, token: given, allowHost, maxBody, maxInFlight, timeout, ...rest }, session) => {
    const token = tokenAsked(given, host);
    const asked = {
      ...rest,
      host,
      token,
      allowedHosts: allowHost.map((name) => name.toLowerCase()),
      mostBodyBytes: maxBody ?? 64e6,
      mostInFlight: maxInFlight,
      timeLimitSeconds: timeout,
    };
    const heads = await headsAsked(folders, session);
    // A long-running process with small requests needs no large heap.
    keepHeapSmall();
    // Loads ONNX Runtime and the HTTP library: wrong options fail without them.
    const { serve } = await import('../serve/serve.ts');
    const { withTrainingPhotos } = await import('../serve/served-head.ts');
    const server = await serve(await withTrainingPhotos(heads, asked.threads, session.note), asked);
    try {
      session.print(server.url);
      session.printJson({ url: server.url, heads: heads.map(({ name }) => name), token: token !== undefined });
      session.note(`serving ${heads.map(({ name }) => name).join(', ')}; Ctrl-C stops`);
      await aborted(session.signal);
    } finally {
      await server.close();
    }
    return 0;
  },
});

/** @throws UserError for a short token, or none if other machines can connect */
function tokenAsked(given: string | undefined, host: string): string | undefined {
  const token = given ?? (process.env[tokenVariable] || undefined);
  if (token === undefined && !isLoopback(host)) {
    throw usageError(
      '--host',
      `${host}, which other machines reach, and no token`,
      `--token TOKEN, or $${tokenVariable}`,
      { name: 'token', value: newToken() },
    );
  }
  if (token !== undefined && (token.length < shortestToken || /[^\x21-\x7e]/.test(token))) {
    throw usageError(
      '--token',
      `${token.length} characters`,
      `at least ${shortestToken} printable ASCII characters without spaces`,
      { value: newToken() },
    );
  }
  return token;
}

async function headsAsked(folders: readonly string[], session: Session): Promise<readonly NamedHead[]> {
  const heads: NamedHead[] = [];
  for (const folder of folders.length === 0 ? [undefined] : folders) {
    const command = (head: string): string => retyped(withOption(session.args, 'head', head));
    const head = await loadAskedHead({ folder, command });
    if (head.report.featureSet.randomWeights) {
      session.warn('warning: the backbone has random weights: these answers say nothing about pretrained features');
    }
    heads.push({ ...head, name: head.folder });
  }
  return heads;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A token that nobody can guess, for the command that an error proposes. */
function newToken(): string {
  return randomBytes(shortestToken).toString('hex');
}
