/**
 * Pillow's CMYK to RGB (9.4.0, src/libImaging/Convert.c, `cmyk2rgb`): no colour profile, each ink scaled by what
 * black leaves over: `key - c * key / 255` with `key = 255 - k`, the division rounded in integers.
 *
 * @param cmyk 4 bytes per pixel, 0 no ink, 255 full ink
 * @returns 3 bytes per pixel
 */
export function cmykToRGB(cmyk: Uint8Array): Uint8Array {
  const pixelCount = cmyk.length >> 2;
  const rgb = new Uint8Array(pixelCount * 3);
  for (let i = 0, from = 0, to = 0; i < pixelCount; i++, from += 4, to += 3) {
    const key = 255 - cmyk[from + 3];
    rgb[to] = key - scaled(cmyk[from], key);
    rgb[to + 1] = key - scaled(cmyk[from + 1], key);
    rgb[to + 2] = key - scaled(cmyk[from + 2], key);
  }
  return rgb;
}

/** a * b / 255, rounded to nearest. */
function scaled(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}
