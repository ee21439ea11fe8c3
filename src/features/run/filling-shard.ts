import { bytesPerNumber, type Dtype } from '../../formats/npy/npy.ts';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { firstBeyond } from './limit.kernel.ts';

/** For the manifest, its spare copy and the lock. */
const bytesOfManifest = 10_000;
/** Per image, for the tables, their spare copies and the run's records; ids and paths rarely exceed 100 bytes. */
const bytesBesideRows = 1000;

/** The shard being filled: rows of whole images, held in memory until written. */
export class FillingShard {
  readonly imageNumbers: number;
  readonly capacity: number;
  /** Number of images already on disk, in pieces. */
  savedImages = 0;
  #images: string[] = [];
  #data: Float32Array = new Float32Array(0);

  constructor(imageNumbers: number, capacity: number) {
    this.imageNumbers = imageNumbers;
    this.capacity = capacity;
  }

  /** sha256 of each image that it holds. */
  get images(): readonly string[] {
    return this.#images;
  }

  get room(): number {
    return this.capacity - this.images.length;
  }

  /** @param data [images × rows per image, ...rowShape] */
  add(data: Float32Array, images: readonly string[]): void {
    const full = this.capacity * this.imageNumbers;
    if (this.#data.length !== full) this.#data = new Float32Array(full);
    this.#data.set(data, this.images.length * this.imageNumbers);
    for (const sha256 of images) this.#images.push(sha256);
  }

  /** Rows from the given image on; valid until the shard is cleared. */
  rows(firstImage = 0): Float32Array {
    return this.#data.subarray(firstImage * this.imageNumbers, this.images.length * this.imageNumbers);
  }

  /** Bytes still to be written: for this shard, for `imagesLeft` more images, and to finish a set of `allImages`. */
  bytesToFinish(imagesLeft: number, allImages: number, dtype: Dtype): number {
    // The pieces, which are float32, are deleted only after the whole shard is written.
    const pieces = Math.min(imagesLeft, this.capacity) * this.imageNumbers * bytesPerNumber('float32');
    const rows = (this.images.length + imagesLeft) * this.imageNumbers * bytesPerNumber(dtype);
    return rows + pieces + allImages * bytesBesideRows + bytesOfManifest;
  }

  empty(): void {
    this.#images = [];
    this.savedImages = 0;
  }
}

/** @throws UserError if a number is not finite, or too large for float16 */
export function checkNumbers(data: Float32Array, dtype: Dtype): void {
  /** Largest number that rounds to a finite float16. */
  const limit = dtype === 'float16' ? 65_519.99 : Number.MAX_VALUE;
  const at = firstBeyond(data, limit);
  if (at === -1) return;
  const value = valueAt(data, at);
  throw new UserError({
    what: Number.isFinite(value)
      ? 'a feature is too large for float16'
      : 'the backbone gave a number that is not finite',
    found: String(value),
    expected: Number.isFinite(value) ? 'at most 65504' : 'finite numbers',
    fix: Number.isFinite(value) ? '--dtype float32' : 'check the weights file, or try another --engine or --precision',
  });
}
