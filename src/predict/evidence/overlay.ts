import sharp from 'sharp';
import type { Evidence } from './evidence.ts';
import { overGrey, spreadMap } from './map.kernel.ts';

/**
 * A PNG of the network's input in grey with the map's colours: dark purple for the photo's lowest evidence, yellow for
 * the highest.
 *
 * @param pixels [crop, crop, 3], RGB: the photo after resize and crop
 */
export async function overlayPng(pixels: Uint8Array, { map }: Evidence): Promise<Uint8Array> {
  const crop = Math.sqrt(pixels.length / 3);
  const drawn = overGrey(pixels, sharesOf(map, crop));
  return sharp(drawn, { raw: { width: crop, height: crop, channels: 3 } })
    .png()
    .toBuffer();
}

/** The map scaled to [0, 1], bilinearly interpolated; 0 everywhere if it is constant. */
export function sharesOf(map: Evidence['map'], side: number): Float64Array {
  const values = Float64Array.from(map.flat());
  const low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const shares = values.map((value) => (high > low ? (value - low) / (high - low) : 0));
  return spreadMap(shares, map.length, map[0]?.length ?? 0, side);
}
