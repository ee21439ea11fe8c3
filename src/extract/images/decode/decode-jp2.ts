import { createRequire } from 'node:module';
import type { SourcePixels } from '../resize/resize.kernel.ts';
import { checkSize, DecodeError } from './decode-error.ts';
import { shiftSamples } from './jp2.kernel.ts';
import { readJp2Header } from './jp2-header.ts';
import { greyPixels, type SixteenBit } from './sixteen-bit.ts';

/** What is used of @cornerstonejs/codec-openjpeg: OpenJPEG as WebAssembly. */
interface OpenJpeg {
  readonly J2KDecoder: new () => {
    /** Memory of the module to write the file to. */
    getEncodedBuffer(length: number): Uint8Array;
    decode(): void;
    getFrameInfo(): { readonly width: number; readonly height: number; readonly componentCount: number };
    /** Samples side by side, of 1 or 2 bytes, the low one first; a view of the module's memory. */
    getDecodedBuffer(): Uint8Array;
    delete(): void;
  };
}

/** This thread's decoder. A file that it cannot read leaves it in an unknown state, so it is then restarted. */
let module: Promise<OpenJpeg> | undefined;

function openJpeg(): Promise<OpenJpeg> {
  const load = createRequire(import.meta.url);
  const start = load('@cornerstonejs/codec-openjpeg/decodewasmjs') as (options: object) => Promise<OpenJpeg>;
  const locateFile = (): string => load.resolve('@cornerstonejs/codec-openjpeg/decodewasm');
  return start({ locateFile, print: () => {}, printErr: () => {} });
}

/**
 * A JPEG 2000 file as Pillow 9.4 gives it (Jpeg2KImagePlugin, then `convert('RGB')`), decoded by the library that
 * Pillow uses; samples of other depths are shifted to 8 bits, grey above 8 bits to 16.
 *
 * @throws DecodeError if the file is truncated, or of a kind not verified to equal Pillow's pixels
 */
export async function decodeJp2(
  bytes: Uint8Array,
  rule: SixteenBit,
  onSize?: (pixelCount: number) => void,
): Promise<SourcePixels> {
  const { width, height, components, bits } = readJp2Header(bytes);
  checkSize(width, height, onSize);
  const samples = await decodeSamples(bytes, width * height * components, bits);
  if (components === 1 && bits > 8) {
    const deep = new Uint16Array(samples).map((sample) => sample << (16 - bits));
    return greyPixels(deep, width, height, rule);
  }
  const data = new Uint8Array(width * height * 3);
  shiftSamples(samples, components, bits, data);
  return { data, width, height, channels: 3 };
}

async function decodeSamples(bytes: Uint8Array, count: number, bits: number): Promise<Uint8Array | Uint16Array> {
  module ??= openJpeg();
  const { J2KDecoder } = await module;
  let whole = false;
  try {
    const decoder = new J2KDecoder();
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const decoded = decoder.getDecodedBuffer();
    const sampleBytes = bits > 8 ? 2 : 1;
    if (decoded.length !== count * sampleBytes) {
      throw new DecodeError(`broken JPEG 2000: ${decoded.length / sampleBytes} of ${count} samples`);
    }
    const copy = decoded.slice();
    decoder.delete();
    whole = true;
    return sampleBytes === 1 ? copy : new Uint16Array(copy.buffer);
  } finally {
    if (!whole) module = undefined;
  }
}
