/** Every pixel of `out` becomes the RGB colour. */
export function fillPixels(out: Uint8Array, colour: Uint8Array): void {
  for (let at = 0; at < out.length; at += 3) {
    out[at] = colour[0];
    out[at + 1] = colour[1];
    out[at + 2] = colour[2];
  }
}

/** Copies [rows, crop, crop, 3] into the middle of [rows, crop + 2 padding, crop + 2 padding, 3]. */
export function copyPadded(bytes: Uint8Array, rowCount: number, crop: number, padding: number, out: Uint8Array): void {
  const line = crop * 3;
  const side = crop + 2 * padding;
  for (let row = 0; row < rowCount; row++) {
    for (let y = 0; y < crop; y++) {
      const from = (row * crop + y) * line;
      out.set(bytes.subarray(from, from + line), ((row * side + y + padding) * side + padding) * 3);
    }
  }
}
