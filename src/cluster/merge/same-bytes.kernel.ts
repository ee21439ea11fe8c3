/** sha256, and a number: eight bytes. */
export const entryBytes = 40;

/**
 * Finds entries of equal sha256 by open addressing.
 *
 * @param entries [count × entryBytes]
 * @param slots filled with -1; a power of two long, and longer than there are entries
 * @param firstOf filled with the number of the first entry with each entry's sha256, [count]
 */
export function findFirsts(entries: Uint8Array, slots: Int32Array, firstOf: Int32Array): void {
  const mask = slots.length - 1;
  for (let entry = 0; entry < firstOf.length; entry++) {
    const at = entry * entryBytes;
    // Bytes behind those that chose the bucket.
    const hash = entries[at + 4] | (entries[at + 5] << 8) | (entries[at + 6] << 16) | (entries[at + 7] << 24);
    let slot = hash & mask;
    while (slots[slot] !== -1 && !isSame(entries, at, slots[slot] * entryBytes)) slot = (slot + 1) & mask;
    if (slots[slot] === -1) slots[slot] = entry;
    firstOf[entry] = slots[slot];
  }
}

function isSame(entries: Uint8Array, a: number, b: number): boolean {
  for (let i = 0; i < 32; i++) if (entries[a + i] !== entries[b + i]) return false;
  return true;
}
