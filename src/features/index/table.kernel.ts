const comma = 44;
const quote = 34;
const newline = 10;
const zero = 48;

/** Why a scan stopped; 0 if it reached the end. */
export const scanFaults = { none: 0, badNumber: 1, wrongFieldCount: 2, openQuote: 3, tooManyLines: 4 } as const;

/**
 * Finds every line of a table and its leading number in one pass over the bytes; quoted fields may hold newlines.
 *
 * @param start offset of the first line after the header
 * @param fieldCount fields in each line; the first one is a number
 * @param lineStarts filled with the offset of each line, [lines]
 * @param numbers filled with the number of each line, [lines]
 * @returns [lines found, fault]; the fault is in the next line
 */
export function scanLines(
  bytes: Uint8Array,
  start: number,
  fieldCount: number,
  lineStarts: Uint32Array,
  numbers: Uint32Array,
): [number, number] {
  let line = 0;
  for (let at = start; at < bytes.length; ) {
    if (line === lineStarts.length) return [line, scanFaults.tooManyLines];
    lineStarts[line] = at;
    let number = 0;
    const digits = at;
    for (; at < bytes.length && bytes[at] >= zero && bytes[at] <= zero + 9; at++)
      number = number * 10 + bytes[at] - zero;
    if (at === digits || at - digits > 10 || number > 0xffffffff || bytes[at] !== comma)
      return [line, scanFaults.badNumber];
    let fields = 1;
    let quoted = false;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === quote) quoted = !quoted;
      else if (!quoted) {
        if (byte === comma) fields++;
        else if (byte === newline) break;
      }
    }
    if (quoted) return [line, scanFaults.openQuote];
    // A last line without a newline means that the file is truncated.
    if (fields !== fieldCount || at === bytes.length) return [line, scanFaults.wrongFieldCount];
    at++;
    numbers[line] = number;
    line++;
  }
  return [line, scanFaults.none];
}

/** FNV-1a over bytes [start, end), 32 bits. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  return hash >>> 0;
}

/** Whether `bytes` contains `key` at `start`. */
export function bytesEqual(bytes: Uint8Array, start: number, key: Uint8Array): boolean {
  for (let i = 0; i < key.length; i++) if (bytes[start + i] !== key[i]) return false;
  return true;
}

/** End of the field that starts at `start`: the offset of its comma or newline, or the length. Handles quotes. */
export function fieldEnd(bytes: Uint8Array, start: number): number {
  let quoted = false;
  let at = start;
  for (; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) quoted = !quoted;
    else if (!quoted && (byte === comma || byte === newline)) break;
  }
  return at;
}

/**
 * Open addressing over the second field of each line: slot of a hash to line, -1 where empty.
 *
 * @param lineStarts offset of each line, [lines]
 * @param slots filled with -1, a power of two long and at least twice as many as lines
 */
export function fillSlots(bytes: Uint8Array, lineStarts: Uint32Array, slots: Int32Array): void {
  const mask = slots.length - 1;
  for (let line = 0; line < lineStarts.length; line++) {
    let start = lineStarts[line];
    while (bytes[start] !== comma) start++;
    start++;
    let slot = hashBytes(bytes, start, fieldEnd(bytes, start)) & mask;
    while (slots[slot] !== -1) slot = (slot + 1) & mask;
    slots[slot] = line;
  }
}
