import type { FileHandle } from 'node:fs/promises';
import { causeOf, UserError } from '../../../system/errors.ts';
import type { DownloadRequest } from './download.ts';

/** A failure that may not recur: of the connection, or a busy server. */
export class TransientError extends Error {}

/** Far above all known weights files: stops a server that sends endlessly. */
const maxBytes = 2 ** 30;
const defaultStallMs = 30_000;

/**
 * One request for the bytes from `offset` on, appended to the file. A server that ignores the range starts over.
 * Resolves when the server says that everything is there.
 *
 * @throws TransientError if a retry makes sense, else UserError
 */
export async function fetchRest(request: DownloadRequest, file: FileHandle, offset: number): Promise<void> {
  const stallMs = request.stallMs ?? defaultStallMs;
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error(`nothing arrived for ${stallMs} ms`)), stallMs);
  const signals = request.signal === undefined ? [stalled.signal] : [stalled.signal, request.signal];
  try {
    const response = await connected(
      fetch(request.url, {
        // Compressed bytes cannot be resumed by their offset.
        headers: {
          ...request.headers,
          'accept-encoding': 'identity',
          ...(offset > 0 ? { range: `bytes=${offset}-` } : {}),
        },
        signal: AbortSignal.any(signals),
      }),
    );
    // Everything has been received: check the hash.
    if (response.status === 416 && offset > 0) return void (await response.body?.cancel());
    checkStatus(response, request);
    const range = response.status === 206 ? parseContentRange(response.headers.get('content-range')) : undefined;
    let received = 0;
    if (response.status === 206) {
      if (range?.start !== offset) {
        await file.truncate(0);
        throw new TransientError(`the server sent bytes from ${range?.start} when asked for those from ${offset}`);
      }
      received = offset;
    } else {
      await file.truncate(0);
    }
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const totalBytes = range?.total ?? (Number.isFinite(length) ? received + length : undefined);
    const report = (): void => request.onProgress?.({ url: request.url, receivedBytes: received, totalBytes });
    report();
    const reader = response.body?.getReader();
    while (reader !== undefined) {
      const { done, value } = await connected(reader.read());
      if (done) break;
      timer.refresh();
      received += value.length;
      if (received > (request.bytes ?? maxBytes)) throw tooLong(request);
      await file.appendFile(value);
      report();
    }
    if (totalBytes !== undefined && received < totalBytes)
      throw new TransientError(`the connection ended after ${received} of ${totalBytes} bytes`);
  } finally {
    clearTimeout(timer);
  }
}

/** Failures of the connection are TypeErrors and aborts of fetch, with the reason in their cause. */
async function connected<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    throw new TransientError(causeOf(error), { cause: error });
  }
}

function checkStatus(response: Response, request: DownloadRequest): void {
  if (response.status === 200 || response.status === 206) return;
  void response.body?.cancel();
  const status = `HTTP ${response.status} ${response.statusText}`.trim();
  if (response.status >= 500 || response.status === 408 || response.status === 429) throw new TransientError(status);
  throw new UserError({
    what: 'The server did not send the weights',
    where: request.url,
    found: status,
    expected: 'the file',
    fix: request.fix,
  });
}

function parseContentRange(header: string | null): { start: number; total: number | undefined } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header ?? '');
  if (match === null) return undefined;
  return { start: Number(match[1]), total: match[2] === '*' ? undefined : Number(match[2]) };
}

function tooLong(request: DownloadRequest): UserError {
  return new UserError({
    what: 'The server sends more than a weights file',
    where: request.url,
    found: `more than ${request.bytes ?? maxBytes} bytes`,
    fix: request.fix,
  });
}
