import { loadAskedHead } from '../predict/load-head.ts';
import { isLoopback } from '../serve/http/admission.ts';
import type { NamedHead } from '../serve/served-head.ts';
import { usageError } from '../system/errors.ts';
import { bytes, embedderOptions, list, number, text } from './options.ts';
import { retyped, withOption } from './retyped.ts';
import { keepHeapSmall } from './small-heap.ts';
import type { Options, Session, Verb } from './verb.ts';

/** Images per run of the network: past this ResNet50 gains nothing on a CPU, and answers come later. */
const defaultBatch = 8;
const defaultBodyMB = 64;
const defaultInFlight = 64;
const defaultTimeout = 30;
const longestTimeout = 600;
/** A token that can be guessed protects nothing. */
const shortestToken = 16;
const tokenVariable = 'FEATURETAP_TOKEN';

export const serveVerb: Verb = {
  // Whoever is answered has the longest time limit to get the answer.
  graceMs: longestTimeout * 1000,
  options: (yargs) =>
    yargs
      .option('head', {
        type: 'string',
        describe: 'folder of a report; several (repeated, or a,b) answer side by side',
      })
      .option('port', { type: 'string', describe: '0 for any that is free', default: '8080' })
      .option('host', {
        type: 'string',
        describe: 'address to listen on; all but those of this machine alone want a --token',
        default: '127.0.0.1',
      })
      .option('token', {
        type: 'string',
        describe: `what requests must carry as Authorization: Bearer TOKEN [$${tokenVariable}]`,
      })
      .option('allow-host', { type: 'string', describe: 'further names under which it is reached: a,b' })
      .option('top', { type: 'string', describe: 'classes to show per photo', default: '5' })
      .option('batch', {
        type: 'string',
        describe: 'most photos per run of the network',
        default: String(defaultBatch),
      })
      .option('max-body', { type: 'string', describe: 'largest request', default: `${defaultBodyMB}MB` })
      .option('max-in-flight', {
        type: 'string',
        describe: 'requests at one time; the next is answered with 503',
        default: String(defaultInFlight),
      })
      .option('timeout', {
        type: 'string',
        describe: 'seconds that a request may take',
        default: String(defaultTimeout),
      })
      .option('weights', { type: 'string', describe: "where the backbone's weights lie now, if they were moved" })
      .option('seed', { type: 'string', describe: "of random weights [the feature set's]" })
      .option('threads', { type: 'string', describe: 'upper bound; changes no number (default: all cores)' }),
  run: async (options: Options, session: Session): Promise<number> => {
    const host = text(options, 'host', '127.0.0.1');
    const token = tokenAsked(options, host);
    const asked = {
      host,
      port: number(options, 'port', { min: 0, max: 65_535, whole: true, usual: 8080 }, 8080),
      token,
      allowedHosts: list(options, 'allow-host').map((name) => name.toLowerCase()),
      top: number(options, 'top', { min: 1, whole: true }, 5),
      batch: number(options, 'batch', { min: 1, max: 1024, whole: true }, defaultBatch),
      mostBodyBytes: bytes(options, 'max-body') ?? defaultBodyMB * 1e6,
      mostInFlight: number(options, 'max-in-flight', { min: 1, max: 10_000, whole: true }, defaultInFlight),
      timeLimitSeconds: number(options, 'timeout', { above: 0, max: longestTimeout }, defaultTimeout),
      ...embedderOptions(options),
    };
    const heads = await headsAsked(options, session);
    // It runs for long, and what requests leave behind is little: nothing has to pile up.
    keepHeapSmall();
    // ONNX Runtime and the HTTP library come with it: a wrong option is answered without them.
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
};

/** @throws UserError where other machines could ask without one */
function tokenAsked(options: Options, host: string): string | undefined {
  const token = text(options, 'token') ?? (process.env[tokenVariable] || undefined);
  if (token === undefined && !isLoopback(host)) {
    throw usageError(
      '--host',
      `${host}, which other machines reach, and no token`,
      `--token TOKEN, or $${tokenVariable}`,
    );
  }
  if (token !== undefined && (token.length < shortestToken || /[^\x21-\x7e]/.test(token))) {
    throw usageError(
      '--token',
      `${token.length} characters`,
      `at least ${shortestToken} printable ASCII characters without spaces`,
    );
  }
  return token;
}

async function headsAsked(options: Options, session: Session): Promise<readonly NamedHead[]> {
  const folders = list(options, 'head');
  const heads: NamedHead[] = [];
  for (const folder of folders.length === 0 ? [undefined] : folders) {
    const command = (head: string): string => retyped(withOption(session.args, 'head', head));
    const head = await loadAskedHead({ folder, command });
    if (head.report.featureSet.randomWeights) {
      session.warn('warning: the backbone has random weights: these answers say nothing about pretrained features');
    }
    heads.push({ ...head, name: folder as string });
  }
  return heads;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
