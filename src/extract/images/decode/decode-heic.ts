import { createRequire } from 'node:module';
import { messageOf } from '../../../system/errors.ts';
import type { SourcePixels } from '../resize/resize.kernel.ts';
import { checkSize, DecodeError } from './decode-error.ts';
import { readBoxes } from './media-boxes.ts';

interface Enumerated {
  readonly value: number;
}

interface DecodedHeic {
  readonly image: object;
  readonly width: number;
  readonly height: number;
  /** One, interleaved; its bytes are a view of the module's memory, rows `stride` apart. */
  readonly channels: readonly { readonly data: Uint8Array; readonly stride: number }[];
}

interface HeifError {
  readonly code: Enumerated;
  readonly message: string;
}

/** What is used of libheif-js: libheif with libde265 as WebAssembly. */
interface LibHeif {
  readonly heif_error_code: { readonly heif_error_Ok: Enumerated };
  readonly heif_colorspace: { readonly heif_colorspace_RGB: Enumerated };
  readonly heif_chroma: { readonly heif_chroma_interleaved_RGB: Enumerated };
  heif_context_alloc(): object;
  heif_context_free(context: object): void;
  heif_context_read_from_memory(context: object, bytes: Uint8Array): HeifError;
  heif_js_context_get_primary_image_handle(context: object): object | HeifError;
  heif_image_handle_get_width(handle: object): number;
  heif_image_handle_get_height(handle: object): number;
  heif_image_handle_release(handle: object): void;
  heif_js_decode_image2(handle: object, space: Enumerated, chroma: Enumerated): DecodedHeic | HeifError;
  heif_image_release(image: object): void;
}

/** This thread's decoder, started by the first HEIC file: it takes 0.2 seconds and some megabytes. */
let library: LibHeif | undefined;

/**
 * The primary image of a HEIC or HEIF file with HEVC inside, as 8-bit RGB without alpha, turned and cropped as the file
 * says (libheif always does). docs/pixels.md gives the difference from pillow-heif.
 *
 * @throws DecodeError if the file is truncated or holds no such image
 */
export function decodeHeic(bytes: Uint8Array, onSize?: (pixelCount: number) => void): SourcePixels {
  readBoxes(bytes, 'HEIC');
  library ??= startLibHeif();
  const heif = library;
  const context = heif.heif_context_alloc();
  try {
    const pixels = decodePrimary(heif, context, bytes, onSize);
    heif.heif_context_free(context);
    return pixels;
  } catch (error) {
    if (error instanceof DecodeError) {
      heif.heif_context_free(context);
      throw error;
    }
    // An exception out of WebAssembly leaves the module in an unknown state: the next file starts another.
    library = undefined;
    throw new DecodeError(`broken HEIC: ${messageOf(error)}`);
  }
}

function startLibHeif(): LibHeif {
  const start = createRequire(import.meta.url)('libheif-js/libheif-wasm/libheif-bundle.js') as (
    options: object,
  ) => LibHeif;
  // libde265 reports damage on stdout, which is reserved for results.
  return start({ print: () => {}, printErr: () => {} });
}

function decodePrimary(
  heif: LibHeif,
  context: object,
  bytes: Uint8Array,
  onSize: ((pixelCount: number) => void) | undefined,
): SourcePixels {
  checkDone(heif, heif.heif_context_read_from_memory(context, bytes));
  const handle = heif.heif_js_context_get_primary_image_handle(context);
  if (isError(handle)) throw failure(handle);
  try {
    checkSize(heif.heif_image_handle_get_width(handle), heif.heif_image_handle_get_height(handle), onSize);
    const { heif_colorspace: space, heif_chroma: chroma } = heif;
    const decoded = heif.heif_js_decode_image2(handle, space.heif_colorspace_RGB, chroma.heif_chroma_interleaved_RGB);
    if (isError(decoded)) throw failure(decoded);
    try {
      return packed(decoded);
    } finally {
      heif.heif_image_release(decoded.image);
    }
  } finally {
    heif.heif_image_handle_release(handle);
  }
}

function packed({ width, height, channels }: DecodedHeic): SourcePixels {
  const [plane] = channels;
  const rowBytes = width * 3;
  if (plane === undefined || plane.data.length < (height - 1) * plane.stride + rowBytes) {
    throw new DecodeError('broken HEIC: no pixels after decoding');
  }
  const data = new Uint8Array(height * rowBytes);
  for (let y = 0; y < height; y++) {
    data.set(plane.data.subarray(y * plane.stride, y * plane.stride + rowBytes), y * rowBytes);
  }
  return { data, width, height, channels: 3 };
}

function isError(value: object): value is HeifError {
  return 'code' in value && 'message' in value;
}

function checkDone(heif: LibHeif, result: HeifError): void {
  if (result.code.value !== heif.heif_error_code.heif_error_Ok.value) throw failure(result);
}

function failure({ message }: HeifError): DecodeError {
  return new DecodeError(`broken HEIC: ${message.trim()}`);
}
