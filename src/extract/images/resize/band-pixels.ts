/** A decoded image of other bands than red, green and blue: [height, width, channels]. */
export interface BandPixels {
  readonly data: Uint8Array | Uint16Array | Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** The sample that becomes 1: 255 of 8 bits, 65535 of 16 bits, 1 of floating-point numbers. */
  readonly largest: number;
}

export function isBands(pixels: object): pixels is BandPixels {
  return 'largest' in pixels;
}
