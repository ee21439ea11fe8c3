import { join } from 'node:path';
import sharp from 'sharp';
import { makeFolder, removeAbandoned, writeDurably } from '../../system/durable.ts';
import { nodeFiles } from '../../system/files.ts';
import type { ImagePrediction } from '../predict.ts';
import type { Evidence, ShownEvidence } from './evidence.ts';
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

/** Most characters of an id in a file name: file systems allow 255 bytes, and a character may take three. */
const longestName = 50;

/** A folder with an overlay per image: `ID.evidence.png`, with a number after an ambiguous id. */
export class OverlayFolder {
  readonly #folder: string;
  /** In lower case, for case-insensitive file systems. */
  readonly #taken = new Set<string>();

  #made: Promise<void> | undefined;

  /** @param folder created when there is something to write */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Writes the overlay of an image with evidence.
   *
   * @returns the evidence and its file; undefined if there is none
   */
  async write({ image, pixels, evidence }: ImagePrediction): Promise<ShownEvidence | undefined> {
    if (evidence === undefined) return undefined;
    this.#made ??= this.#make();
    await this.#made;
    const file = join(this.#folder, `${this.#nameOf(image.id)}.evidence.png`);
    await writeDurably(nodeFiles, file, [await overlayPng(pixels, evidence)]);
    return { ...evidence, file };
  }

  async #make(): Promise<void> {
    await makeFolder(nodeFiles, this.#folder);
    await removeAbandoned(nodeFiles, this.#folder);
  }

  #nameOf(id: string): string {
    // Ids may contain slashes and characters that some file systems do not allow.
    const name = id.replace(/[^\p{L}\p{N}._-]+/gu, '_').slice(0, longestName);
    for (let number = 1; ; number++) {
      const numbered = number === 1 ? name : `${name}-${number}`;
      if (this.#taken.has(numbered.toLowerCase())) continue;
      this.#taken.add(numbered.toLowerCase());
      return numbered;
    }
  }
}
