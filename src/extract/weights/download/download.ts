import { createHash } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, InterruptedError, UserError } from '../../../system/errors.ts';
import { fileReason } from '../../../system/file-reason.ts';
import { fetchRest, TransientError } from './fetch-rest.ts';
import { openPartialFile, type PartialFile, removeAbandoned } from './partial-file.ts';

export interface DownloadProgress {
  readonly url: string;
  readonly receivedBytes: number;
  /** Absent if the server does not say. */
  readonly totalBytes?: number | undefined;
}

export interface DownloadRequest {
  readonly url: string;
  /** Path of the file; only the complete, checked file ever appears there. */
  readonly target: string;
  /** The first digits of the file's sha256, lower-case hex. */
  readonly sha256Prefix: string;
  /** Git's hash of the file, to be checked instead if it is the known one. */
  readonly gitSha1?: string | undefined;
  /** Size of the file, if known: a server that sends more is stopped. */
  readonly bytes?: number | undefined;
  /** Request headers, only sent to the address's own origin. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fix: string;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Delay before the first retry, doubled for each further one. Default 250 ms. */
  readonly retryDelayMs?: number;
  /** Timeout without any data. Default 30 s. */
  readonly stallMs?: number;
}

/** Consecutive attempts without new data before giving up. */
const maxFruitlessAttempts = 4;
const maxAttempts = 30;

/**
 * Downloads a file: continues an earlier attempt (of this process or a dead one), checks the sha256, and renames it
 * into place last.
 *
 * @throws UserError if the server cannot be reached, does not have the file, or sends a different one
 * @throws InterruptedError if `signal` aborts; the received bytes are kept for the next attempt
 */
export async function download(request: DownloadRequest): Promise<void> {
  const partial = await openPartialFile(request.target).catch((error: unknown) => {
    throw unwritable(request.target, error);
  });
  try {
    await receiveWhole(request, partial);
    await partial.handle.sync();
  } catch (error) {
    await partial.close();
    throw error;
  }
  await partial.close();
  // Rename last: a partial file never has the final name.
  await rename(partial.path, request.target).catch((error: unknown) => {
    throw unwritable(request.target, error);
  });
  await removeAbandoned(request.target);
}

async function receiveWhole(request: DownloadRequest, partial: PartialFile): Promise<void> {
  let fruitless = 0;
  let startedOver = false;
  for (let attempt = 1; ; attempt++) {
    const before = await sizeOf(partial);
    try {
      await fetchRest(request, partial.handle, before);
    } catch (error) {
      if (request.signal?.aborted) throw new InterruptedError('the same command: what has arrived is kept');
      if (!(error instanceof TransientError))
        throw error instanceof UserError ? error : unwritable(partial.path, error);
      fruitless = (await sizeOf(partial)) > before ? 0 : fruitless + 1;
      if (fruitless >= maxFruitlessAttempts || attempt >= maxAttempts) throw unreachable(request, error, attempt);
      await sleep((request.retryDelayMs ?? 250) * 2 ** fruitless, undefined, { signal: request.signal }).catch(() => {
        throw new InterruptedError('the same command: what has arrived is kept');
      });
      continue;
    }
    const found = await hashOf(partial, request.gitSha1 === undefined ? 'sha256' : 'git');
    if (found.startsWith(request.gitSha1 ?? request.sha256Prefix)) return;
    const size = await sizeOf(partial);
    await partial.handle.truncate(0);
    // The earlier part may be of another file: start over once.
    if (before === 0 || startedOver) {
      await rm(partial.path, { force: true });
      throw wrongFile(request, found, size);
    }
    startedOver = true;
  }
}

async function sizeOf(partial: PartialFile): Promise<number> {
  return (await partial.handle.stat()).size;
}

/** Lower-case hex; Git's hash is over a header with the length as well. */
async function hashOf(partial: PartialFile, kind: 'sha256' | 'git'): Promise<string> {
  const hash = createHash(kind === 'git' ? 'sha1' : 'sha256');
  if (kind === 'git') hash.update(`blob ${await sizeOf(partial)}\0`);
  const chunk = Buffer.alloc(1 << 20);
  for (let at = 0; ; ) {
    const { bytesRead } = await partial.handle.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
}

function unreachable(request: DownloadRequest, error: TransientError, attempts: number): UserError {
  return new UserError({
    what: `The download failed ${attempts} times`,
    where: request.url,
    found: error.message,
    fix: request.fix,
    cause: error,
  });
}

function wrongFile(request: DownloadRequest, hash: string, size: number): UserError {
  const { gitSha1, sha256Prefix, bytes } = request;
  return new UserError({
    what: 'The server sent a different file',
    where: request.url,
    found: `${size} bytes with ${gitSha1 === undefined ? 'sha256' : "Git's hash"} ${hash}`,
    expected: `${bytes === undefined ? '' : `${bytes} bytes with `}${gitSha1 ?? `sha256 ${sha256Prefix}…`}`,
    fix: request.fix,
  });
}

function unwritable(path: string, error: unknown): UserError {
  const full = errorCode(error) === 'ENOSPC';
  return new UserError({
    what: full ? 'The disk is full' : 'The download cannot be saved',
    where: path,
    found: fileReason(error),
    fix: 'make room, or set FEATURETAP_CACHE_HOME to a folder that can be written',
    cause: error,
  });
}
