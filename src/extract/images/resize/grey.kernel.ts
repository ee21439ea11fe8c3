/** Whether red, green and blue are equal in every pixel, of 3 or 4 bytes each. */
export function isGrey(data: Uint8Array, channels: number): boolean {
  for (let at = 0; at < data.length; at += channels) {
    if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return false;
  }
  return true;
}

/** The first of each three bytes, in new memory. */
export function everyThird(rgb: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(rgb.length / 3);
  for (let at = 0; at < out.length; at++) out[at] = rgb[3 * at];
  return out;
}
