import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord } from '../../../system/at.ts';
import { causeOf, InterruptedError, UserError, usageError } from '../../../system/errors.ts';
import type { HubName } from './hub-name.ts';

/** A hub, and who asks. */
export interface Hub {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** Goes to the endpoint's host and to no other. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A revision as the hub resolved it. */
export interface Resolved {
  readonly commit: string;
  /** Every file of the repository, by its path. */
  readonly files: readonly string[];
}

/** A file as the hub's headers give it. */
export interface HubFile {
  readonly bytes: number;
  /** Lower-case hex; of a file in Git itself, Git's own hash instead. */
  readonly sha256?: string;
  readonly gitSha1?: string;
}

/** The hub did not answer; the cache may suffice. */
export class HubUnreachable extends Error {}

const attempts = 3;
const timeoutMs = 30_000;
/** A repository of 10,000 files is listed in 1 MB. */
const largestAnswer = 2 ** 25;
const redirectStatuses = [301, 302, 303, 307, 308];

/** The hub that $HF_ENDPOINT names, with the token of $HF_TOKEN. @throws a usage UserError if it is no address */
export function hubOf(env: NodeJS.ProcessEnv, signal?: AbortSignal): Hub {
  const endpoint = env['HF_ENDPOINT'] || 'https://huggingface.co';
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw usageError('HF_ENDPOINT', endpoint, 'the address of a hub', 'https://huggingface.co');
  // It may hold a password: it is not repeated.
  if (url.username !== '' || url.password !== '')
    throw usageError('HF_ENDPOINT', 'an address with a user name', 'an address alone, and a token in HF_TOKEN');
  return { endpoint: endpoint.replace(/\/+$/, ''), token: env['HF_TOKEN'] || undefined, signal };
}

/** Whether $HF_HUB_OFFLINE forbids to ask the hub. */
export function isOffline(env: NodeJS.ProcessEnv): boolean {
  return /^(1|on|yes|true)$/i.test(env['HF_HUB_OFFLINE'] ?? '');
}

export function fileUrl({ endpoint }: Hub, { owner, name }: HubName, commit: string, path: string): string {
  return `${endpoint}/${owner}/${name}/resolve/${commit}/${path}`;
}

/** Headers of a request to the endpoint. `fetch` drops them on a redirect to another origin. */
export function authorization({ token }: Hub): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/**
 * Asks the hub which commit a revision is, and which files it has.
 *
 * @throws HubUnreachable if it does not answer, UserError if there is no such repository or revision
 */
export async function resolveRevision(hub: Hub, asked: HubName): Promise<Resolved> {
  const { owner, name, revision } = asked;
  const url = `${hub.endpoint}/api/models/${owner}/${name}/revision/${encodeURIComponent(revision)}`;
  const response = await request(hub, url, 'GET');
  if (!response.ok) throw await refused(hub, asked, response, url);
  const value = await readAnswer(response, url);
  const { sha, siblings } = isRecord(value) ? value : {};
  const paths = Array.isArray(siblings)
    ? siblings.map((one: unknown) => (isRecord(one) ? one['rfilename'] : undefined))
    : [];
  if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha) || paths.length === 0) throw notAHub(url);
  return { commit: sha, files: paths.filter((path) => typeof path === 'string') };
}

/**
 * Asks for a file's size and hash. Redirects to storage elsewhere are not followed: the hub's own answer has both.
 *
 * @throws HubUnreachable, or UserError if the hub does not give the file
 */
export async function describeFile(hub: Hub, asked: HubName, commit: string, path: string): Promise<HubFile> {
  const url = fileUrl(hub, asked, commit, path);
  let at = url;
  let response = await request(hub, at, 'HEAD');
  // Repositories that were renamed, and small files, are elsewhere on the same host.
  for (let hops = 0; hops < 5 && redirectStatuses.includes(response.status); hops++) {
    const location = new URL(response.headers.get('location') ?? '', at);
    if (response.headers.has('x-linked-etag') || location.origin !== new URL(hub.endpoint).origin) break;
    at = location.href;
    response = await request(hub, at, 'HEAD');
  }
  if (!response.ok && !redirectStatuses.includes(response.status)) throw await refused(hub, asked, response, url);
  const { headers } = response;
  const made = headers.get('x-repo-commit');
  const tag = (headers.get('x-linked-etag') ?? headers.get('etag') ?? '').replace(/^W\//, '').replaceAll('"', '');
  const bytes = Number(headers.get('x-linked-size') ?? headers.get('content-length') ?? Number.NaN);
  const hash = /^[0-9a-f]{64}$/.test(tag) ? { sha256: tag } : /^[0-9a-f]{40}$/.test(tag) ? { gitSha1: tag } : undefined;
  if ((made !== null && made !== commit) || !Number.isSafeInteger(bytes) || hash === undefined) throw notAHub(url);
  return { bytes, ...hash };
}

async function request({ token, signal, endpoint }: Hub, url: string, method: 'GET' | 'HEAD'): Promise<Response> {
  const isOwn = new URL(url).origin === new URL(endpoint).origin;
  const signals = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])];
  for (let attempt = 1; ; attempt++) {
    let found: string;
    try {
      const response = await fetch(url, {
        method,
        redirect: method === 'HEAD' ? 'manual' : 'follow',
        headers: { 'accept-encoding': 'identity', ...(isOwn ? authorization({ endpoint, token }) : {}) },
        signal: AbortSignal.any(signals),
      });
      if (response.status < 500 && response.status !== 429) return response;
      await response.body?.cancel();
      found = `HTTP ${response.status}`;
    } catch (error) {
      if (signal?.aborted === true) throw new InterruptedError('the same command');
      found = causeOf(error);
    }
    if (attempt === attempts) throw new HubUnreachable(`${new URL(url).host}: ${found}`);
    await sleep(250 * attempt);
  }
}

async function readAnswer(response: Response, url: string): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > largestAnswer) throw notAHub(url);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    throw notAHub(url);
  }
}

function notAHub(url: string): UserError {
  return new UserError({
    what: 'the answer is not that of a model hub',
    where: url,
    expected: "a commit, and each file's size and hash",
    fix: `HF_ENDPOINT names the hub; or ${byHand}`,
  });
}

/** What to do if the hub cannot be reached. */
export const byHand: string =
  'download config.json, preprocessor_config.json and onnx/model.onnx (with its model.onnx_data, where there is one) another way, into one folder: --weights FOLDER';

async function refused(
  hub: Hub,
  { owner, name, revision }: HubName,
  response: Response,
  url: string,
): Promise<UserError> {
  await response.body?.cancel();
  const isClosed = response.status === 401 || response.status === 403;
  return new UserError({
    what: isClosed ? 'the hub denies access to the network' : 'the hub has no such network',
    where: url,
    found: `HTTP ${response.status}${response.statusText === '' ? '' : ` ${response.statusText}`}`,
    expected: `${owner}/${name} at ${revision}`,
    fix: isClosed
      ? `correct the name, or accept the licence on ${hub.endpoint}/${owner}/${name} and set HF_TOKEN to a token that may read it${hub.token === undefined ? '' : ' (the one that is set may not)'}`
      : `look it up on ${hub.endpoint}/${owner}/${name}`,
  });
}
