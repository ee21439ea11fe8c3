/**
 * Encodes a JSON head and typed arrays as a cache entry: the head's length in 4 bytes, the head, then the bytes of each
 * array; `lengths` in the head has their lengths.
 */
export function encodeEntry(head: object, arrays: readonly Uint8Array[]): Uint8Array[] {
  const json = new TextEncoder().encode(JSON.stringify({ ...head, lengths: arrays.map((array) => array.length) }));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, json.length, true);
  return [length, json, ...arrays];
}

/** @returns undefined for invalid bytes */
export function decodeEntry<Head>(bytes: Buffer): { head: Head; arrays: Buffer[] } | undefined {
  if (bytes.length < 4) return undefined;
  const start = 4 + bytes.readUInt32LE(0);
  if (bytes.length < start) return undefined;
  let head: Head & { lengths: number[] };
  try {
    head = JSON.parse(bytes.toString('utf8', 4, start)) as Head & { lengths: number[] };
  } catch {
    return undefined;
  }
  if (!Array.isArray(head.lengths)) return undefined;
  const arrays: Buffer[] = [];
  let at = start;
  for (const length of head.lengths) {
    arrays.push(bytes.subarray(at, at + length));
    at += length;
  }
  return at === bytes.length ? { head, arrays } : undefined;
}

/** The bytes of a typed array (little-endian on all supported machines). */
export function bytesOf(array: {
  readonly buffer: ArrayBufferLike;
  byteOffset: number;
  byteLength: number;
}): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Numbers of a cached array, copied for alignment. */
export function numbersOf<T>(bytes: Buffer, kind: { new (buffer: ArrayBuffer): T }): T {
  return new kind(Uint8Array.from(bytes).buffer);
}
