/** Typed arrays and shares as the page's JSON carries them (`client/json.ts`). */

function base64Of(array: Uint16Array | Uint32Array): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
}

export function u16(values: Iterable<number>): string {
  return base64Of(Uint16Array.from(values));
}

export function u32(values: Iterable<number>): string {
  return base64Of(Uint32Array.from(values));
}

/** 0 to 1 as 0 to 65,535. */
export function shareOf(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 65_535);
}
