/** Pixels of a packed bitmap (P4), rows of whole bytes: a set bit is black. [width * height] of 0 and 255. */
export function unpackBits(packed: Uint8Array, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height);
  const rowBytes = (width + 7) >> 3;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      out[to++] = (packed[y * rowBytes + (x >> 3)] >> (7 - (x & 7))) & 1 ? 0 : 255;
    }
  }
  return out;
}

/** Samples of 1 or 2 bytes, the high one first. */
export function readSamples(bytes: Uint8Array, sampleBytes: number, out: Uint16Array): void {
  for (let i = 0; i < out.length; i++) out[i] = sampleBytes === 1 ? bytes[i] : (bytes[i * 2] << 8) | bytes[i * 2 + 1];
}

/** Samples from 0 to `from` scaled to 0 to `to` in place, rounded half to even as Python's round does, at most `to`. */
export function rescale(samples: Uint16Array, from: number, to: number): void {
  for (let i = 0; i < samples.length; i++) {
    const exact = (samples[i] / from) * to;
    let whole = Math.floor(exact);
    const rest = exact - whole;
    if (rest > 0.5 || (rest === 0.5 && whole % 2 === 1)) whole++;
    samples[i] = Math.min(whole, to);
  }
}

/**
 * Numbers in decimal digits between white space, with comments from # to the end of the line.
 *
 * @param single every digit is a separate number (P1)
 * @returns the count read: fewer than `out.length` if the text ends early; -1 if something is not a number up to
 *   `largest`
 */
export function readDigits(
  bytes: Uint8Array,
  from: number,
  single: boolean,
  largest: number,
  out: Uint16Array,
): number {
  let read = 0;
  let value = -1;
  for (let at = from; at <= bytes.length; at++) {
    const byte = at < bytes.length ? bytes[at] : 32;
    const space = byte === 32 || (byte >= 9 && byte <= 13);
    if (value >= 0 && (single || space || byte === 35)) {
      out[read++] = value;
      value = -1;
      if (read === out.length) return read;
    }
    if (space) continue;
    if (byte === 35) {
      while (at < bytes.length && bytes[at] !== 10 && bytes[at] !== 13) at++;
      continue;
    }
    if (byte < 48 || byte > 57) return -1;
    value = (value < 0 ? 0 : value * 10) + byte - 48;
    if (value > largest) return -1;
  }
  return read;
}
