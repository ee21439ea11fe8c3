import type { FastifyRequest } from 'fastify';
import { HttpError } from './http-error.ts';

interface SentPhoto {
  /** Its file name, or `body`. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Limits the bytes of requests in memory: each at most `most`, all together at most `mostOfAll`. */
export class BodyBytes {
  readonly most: number;
  readonly #mostOfAll: number;
  #held = 0;

  constructor(most: number, mostOfAll: number) {
    this.most = most;
    this.#mostOfAll = mostOfAll;
  }

  /** @throws HttpError 413 */
  check(ofRequest: number): void {
    if (ofRequest > this.most) throw new HttpError(413, `more than ${this.most} bytes in one request`);
  }

  /** @throws HttpError 413 or 503 */
  take(byteCount: number, ofRequest: number): void {
    this.check(ofRequest);
    if (this.#held + byteCount > this.#mostOfAll) throw new HttpError(503, 'too many bytes in flight: try again');
    this.#held += byteCount;
  }

  giveBack(byteCount: number): void {
    this.#held -= byteCount;
  }
}

/** Most files of one multipart request. */
const mostPhotos = 1000;

/**
 * Reads the photos of a request as they stream in: the body is one image, or multipart/form-data holds many.
 *
 * @param onBytes called for every chunk before it is kept; throws if it is too much
 * @throws HttpError 400 if there is no photo; the stream's error if it is aborted
 */
export async function photosOf(
  request: FastifyRequest,
  onBytes: (byteCount: number) => void,
): Promise<readonly SentPhoto[]> {
  const photos: SentPhoto[] = [];
  if (request.isMultipart()) {
    for await (const part of request.parts({ limits: { files: mostPhotos, fields: 10, fieldSize: 1000 } })) {
      if (part.type !== 'file') continue;
      const name = part.filename === undefined || part.filename === '' ? `photo-${photos.length + 1}` : part.filename;
      photos.push({ name, bytes: await collect(part.file, onBytes) });
    }
  } else {
    const bytes = await collect((request.body ?? []) as AsyncIterable<Uint8Array>, onBytes);
    if (bytes.length > 0) photos.push({ name: 'body', bytes });
  }
  if (photos.length > 0) return photos;
  throw new HttpError(400, 'no photo: send one image as the body, or several as the files of multipart/form-data');
}

async function collect(
  pieces: AsyncIterable<Uint8Array>,
  onBytes: (byteCount: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const kept: Uint8Array[] = [];
  for await (const piece of pieces) {
    onBytes(piece.length);
    kept.push(piece);
  }
  // A buffer of its own, so that it can be transferred to a thread: small ones of `concat` share a pool.
  return new Uint8Array(Buffer.concat(kept));
}
