import * as ort from 'onnxruntime-node';
import type { Preprocessing } from '../../features/manifest/manifest.ts';
import type { NetworkInput } from './network.ts';
import { normalizationTable, normalizePixels, normalizePlanes } from './normalize.kernel.ts';
import { copyPadded, fillPixels } from './pad.kernel.ts';

/** Turns image bytes into the tensor that a network reads. */
export interface Feed {
  /**
   * @param bytes [rowCount, crop, crop, 3]
   * @returns a tensor of the network's fixed number of rows, else of `rowCount`; its memory is `bytes` or is used again by
   *   the next call
   */
  tensor(bytes: Uint8Array, rowCount: number): ort.Tensor;
}

export function createFeed(input: NetworkInput, preprocessing: Preprocessing): Feed {
  return input.form === 'bytes' ? new ByteFeed(input, preprocessing) : new NormalizedFeed(input, preprocessing);
}

class NormalizedFeed implements Feed {
  readonly #input: NetworkInput;
  readonly #crop: number;
  readonly #table: Float32Array;
  #pixels = new Float32Array(0);

  constructor(input: NetworkInput, preprocessing: Preprocessing) {
    this.#input = input;
    this.#crop = preprocessing.crop;
    this.#table = normalizationTable(preprocessing.mean, preprocessing.std);
  }

  tensor(bytes: Uint8Array, rowCount: number): ort.Tensor {
    const { layout, batch: rows = rowCount } = this.#input;
    const crop = this.#crop;
    const positions = crop * crop;
    if (this.#pixels.length !== rows * positions * 3) this.#pixels = new Float32Array(rows * positions * 3);
    if (layout === 'NCHW') normalizePlanes(bytes, rowCount, positions, this.#table, this.#pixels);
    else normalizePixels(bytes, rowCount * positions, this.#table, this.#pixels);
    return new ort.Tensor('float32', this.#pixels, layout === 'NCHW' ? [rows, 3, crop, crop] : [rows, crop, crop, 3]);
  }
}

class ByteFeed implements Feed {
  readonly #rows: number | undefined;
  readonly #padding: number;
  readonly #crop: number;
  /** The mean colour: what a padding with zeros is before normalization. */
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
      // The border stays; each batch writes the middle alone.
      fillPixels(this.#padded, this.#colour);
    }
    copyPadded(bytes, rowCount, this.#crop, this.#padding, this.#padded);
    return new ort.Tensor('uint8', this.#padded, shape);
  }
}
