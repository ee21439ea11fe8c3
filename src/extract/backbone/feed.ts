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

/**
 * Converts image bytes to the network's input tensor.
 *
 * @param bytes [rowCount, crop, crop, 3], in the format given by the preprocessing
 * @returns a tensor with the network's fixed number of rows, else `rowCount`; its memory is `bytes` or reused by the
 *   next call
 */
export type Feed = (bytes: Uint8Array, rowCount: number) => ort.Tensor;

export function createFeed(input: NetworkInput, preprocessing: Preprocessing): Feed {
  if (input.form === 'bytes') return byteFeed(input, preprocessing);
  const { crop, resizeIn, mean, std } = preprocessing;
  const { layout } = input;
  const [channels, positions] = [mean.length, crop * crop];
  const table = normalizationTable(mean, std);
  let pixels = new Float32Array(0);
  return (bytes, rowCount) => {
    const { batch: rows = rowCount } = input;
    const length = rows * positions * channels;
    if (pixels.length !== length) pixels = new Float32Array(length);
    if (resizeIn !== undefined) {
      normalizeFloats(floatsOf(bytes), { rowCount, positions, planar: layout === 'NCHW' }, mean, std, pixels);
    } else if (channels === 1) normalizeGrey(bytes, table, pixels);
    else if (layout === 'NCHW') normalizePlanes(bytes, rowCount, positions, table, pixels);
    else normalizePixels(bytes, rowCount * positions, table, pixels);
    const shape = layout === 'NCHW' ? [rows, channels, crop, crop] : [rows, crop, crop, channels];
    return new ort.Tensor('float32', pixels, shape);
  };
}

/** Bytes may have any offset, floats must be aligned to four bytes. */
function floatsOf(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset } =
    bytes.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(buffer, byteOffset, bytes.length / Float32Array.BYTES_PER_ELEMENT);
}

function byteFeed({ batch, padding = 0 }: NetworkInput, { crop, mean }: Preprocessing): Feed {
  const side = crop + 2 * padding;
  // The mean colour, which is zero after normalization, for padding.
  const colour = Uint8Array.from(mean, (value) => Math.round(value * 255));
  let padded = new Uint8Array(0);
  return (bytes, rowCount) => {
    const rows = batch ?? rowCount;
    const shape = [rows, side, side, 3];
    if (padding === 0 && rows === rowCount) return new ort.Tensor('uint8', bytes, shape);
    const length = rows * side * side * 3;
    if (padded.length !== length) {
      padded = new Uint8Array(length);
      // The border is constant; each batch only overwrites the centre.
      fillPixels(padded, colour);
    }
    copyPadded(bytes, rowCount, crop, padding, padded);
    return new ort.Tensor('uint8', padded, shape);
  };
}
