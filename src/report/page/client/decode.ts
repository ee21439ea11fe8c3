/** Typed arrays out of the page's JSON (`json.ts`): little-endian, in base64. */

function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}

export function u16(base64: string): Uint16Array {
  return new Uint16Array(bytesOf(base64));
}

export function u32(base64: string): Uint32Array {
  return new Uint32Array(bytesOf(base64));
}

/** No class, in a column of classes. */
export const noClass = 65_535;

/** No place, in a column of places. */
export const noPlace = 4_294_967_295;

/** 0 to 65,535 as 0 to 1. */
export function share(value: number | undefined): number {
  return (value ?? 0) / 65_535;
}
