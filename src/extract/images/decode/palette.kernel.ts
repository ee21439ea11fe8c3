/** Pixels by their indices into a palette: [pixels] into RGB, [pixels, 3]. */
export function paint(indices: Uint8Array, palette: Uint8Array, out: Uint8Array): void {
  for (let i = 0, to = 0; i < indices.length; i++) {
    const entry = indices[i] * 3;
    out[to++] = palette[entry];
    out[to++] = palette[entry + 1];
    out[to++] = palette[entry + 2];
  }
}

/** Grey pixels as RGB: [pixels] into [pixels, 3]. */
export function spreadGrey(grey: Uint8Array, out: Uint8Array): void {
  for (let i = 0, to = 0; i < grey.length; i++, to += 3) out[to] = out[to + 1] = out[to + 2] = grey[i];
}
