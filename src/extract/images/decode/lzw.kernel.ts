/** Codes of a GIF never have more bits than this. */
const mostBits = 12;
const tableSize = 1 << mostBits;

/**
 * GIF's variable-length LZW (GIF89a specification, appendix F). A full table stays as it is until the next clear code.
 *
 * @param data the image's sub-blocks joined
 * @param minimumBits the code size byte before them, 1 to 11
 * @param out filled with palette indices; its length is the number of pixels
 * @returns the number of pixels decoded: fewer than `out.length` if the data ends early or a code is invalid
 */
export function decodeLzw(data: Uint8Array, minimumBits: number, out: Uint8Array): number {
  const clear = 1 << minimumBits;
  const end = clear + 1;
  const prefix = new Uint16Array(tableSize);
  const suffix = new Uint8Array(tableSize);
  const stack = new Uint8Array(tableSize + 1);
  let codeBits = minimumBits + 1;
  let next = end + 1;
  let previous = -1;
  let first = 0;
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  let written = 0;
  while (written < out.length) {
    while (bitCount < codeBits) {
      if (at === data.length) return written;
      bits |= data[at++] << bitCount;
      bitCount += 8;
    }
    let code = bits & ((1 << codeBits) - 1);
    bits >>>= codeBits;
    bitCount -= codeBits;
    if (code === clear) {
      codeBits = minimumBits + 1;
      next = end + 1;
      previous = -1;
      continue;
    }
    if (code === end) return written;
    if (previous < 0) {
      if (code > clear) return written;
      first = code;
      out[written++] = code;
      previous = code;
      continue;
    }
    if (code > next) return written;
    const whole = code;
    let depth = 0;
    if (code === next) {
      stack[depth++] = first;
      code = previous;
    }
    while (code >= clear) {
      stack[depth++] = suffix[code];
      code = prefix[code];
    }
    first = code;
    stack[depth++] = code;
    while (depth > 0 && written < out.length) out[written++] = stack[--depth];
    if (next < tableSize) {
      prefix[next] = previous;
      suffix[next] = first;
      next++;
      if (next === 1 << codeBits && codeBits < mostBits) codeBits++;
    }
    previous = whole;
  }
  return written;
}
