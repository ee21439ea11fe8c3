import * as ort from 'onnxruntime-node';
import type { Preprocessing } from '../../features/manifest/manifest.ts';
import type { NetworkInput } from './network.ts';
import {
  normalizationTable,
  normalizeFloats,
  normalizeGrey,
  normalizePixels,
  normalizePlanes,
} from './normalize.kernel.ts';
import { copyPadded, fillPixels } from './pad.kernel.ts';

/** Converts image bytes to the network's input tensor. */
export interface Feed {
  /**
   * @param bytes [rowCount, crop, crop, 3], in the format given by the preprocessing
   * @returns a tensor with the network's fixed number of rows, else `rowCount`; its memory is `bytes` or reused by the
   *   next call
   */
  tensor(bytes: Uint8Array, rowCount: number): ort.Tensor;
}

export function createFeed(input: NetworkInput, preprocessing: Preprocessing): Feed {
  if (input.form === 'bytes') return new ByteFeed(input, preprocessing);
  const { resizeIn } = preprocessing;
  return resizeIn === undefined ? new NormalizedFeed(input, preprocessing) : new FloatFeed(input, preprocessing);
}

class NormalizedFeed implements Feed {
  readonly #input: NetworkInput;
  readonly #crop: number;
  readonly #table: Float32Array;
  /** 3 or 1; images with more bands are not bytes. */
  readonly #channels: number;
  #pixels = new Float32Array(0);

  constructor(input: NetworkInput, preprocessing: Preprocessing) {
    this.#input = input;
    this.#crop = preprocessing.crop;
    this.#channels = preprocessing.mean.length;
    this.#table = normalizationTable(preprocessing.mean, preprocessing.std);
  }

  tensor(bytes: Uint8Array, rowCount: number): ort.Tensor {
    const { layout, batch: rows = rowCount } = this.#input;
    const crop = this.#crop;
    const positions = crop * crop;
    const channels = this.#channels;
    if (this.#pixels.length !== rows * positions * channels)
      this.#pixels = new Float32Array(rows * positions * channels);
    if (channels === 1) normalizeGrey(bytes, this.#table, this.#pixels);
    else if (layout === 'NCHW') normalizePlanes(bytes, rowCount, positions, this.#table, this.#pixels);
    else normalizePixels(bytes, rowCount * positions, this.#table, this.#pixels);
    return new ort.Tensor(
      'float32',
      this.#pixels,
      layout === 'NCHW' ? [rows, channels, crop, crop] : [rows, crop, crop, channels],
    );
  }
}

/** For images resized in floating point. */
class FloatFeed implements Feed {
  readonly #input: NetworkInput;
  readonly #preprocessing: Preprocessing;
  #pixels = new Float32Array(0);

  constructor(input: NetworkInput, preprocessing: Preprocessing) {
    this.#input = input;
    this.#preprocessing = preprocessing;
  }

  tensor(bytes: Uint8Array, rowCount: number): ort.Tensor {
    const { layout, batch: rows = rowCount } = this.#input;
    const { crop, mean, std } = this.#preprocessing;
    const length = rows * crop * crop * mean.length;
    if (this.#pixels.length !== length) this.#pixels = new Float32Array(length);
    // Bytes may have any offset, floats must be aligned to four bytes.
    const { buffer, byteOffset } = byteOffsetFits(bytes) ? bytes : new Uint8Array(bytes);
    const values = new Float32Array(buffer, byteOffset, bytes.length / Float32Array.BYTES_PER_ELEMENT);
    normalizeFloats(values, { rowCount, positions: crop * crop, planar: layout === 'NCHW' }, mean, std, this.#pixels);
    const shape = layout === 'NCHW' ? [rows, mean.length, crop, crop] : [rows, crop, crop, mean.length];
    return new ort.Tensor('float32', this.#pixels, shape);
  }
}

function byteOffsetFits({ byteOffset }: Uint8Array): boolean {
  return byteOffset % Float32Array.BYTES_PER_ELEMENT === 0;
}

class ByteFeed implements Feed {
  readonly #rows: number | undefined;
  readonly #padding: number;
  readonly #crop: number;
  /** The mean colour, which is zero after normalization, for padding. */
  readonly #colour: Uint8Array;
  #padded = new Uint8Array(0);

  constructor(input: NetworkInput, preprocessing: Preprocessing) {
    this.#rows = input.batch;
    this.#padding = input.padding ?? 0;
    this.#crop = preprocessing.crop;
    this.#colour = Uint8Array.from(preprocessing.mean, (mean) => Math.round(mean * 255));
  }

  tensor(bytes: Uint8Array, rowCount: number): ort.Tensor {
    const rows = this.#rows ?? rowCount;
    const side = this.#crop + 2 * this.#padding;
    const shape = [rows, side, side, 3];
    if (this.#padding === 0 && rows === rowCount) return new ort.Tensor('uint8', bytes, shape);
    const length = rows * side * side * 3;
    if (this.#padded.length !== length) {
      this.#padded = new Uint8Array(length);
      // The border is constant; each batch only overwrites the centre.
      fillPixels(this.#padded, this.#colour);
    }
    copyPadded(bytes, rowCount, this.#crop, this.#padding, this.#padded);
    return new ort.Tensor('uint8', this.#padded, shape);
  }
}
