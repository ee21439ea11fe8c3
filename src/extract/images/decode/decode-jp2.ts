import { createRequire } from 'node:module';
import { valueAt } from '../../../system/at.ts';
import type { SourcePixels } from '../resize/resize.kernel.ts';
import { checkSize, DecodeError } from './decode-error.ts';
import { shiftSamples } from './jp2.kernel.ts';
import { readBoxes } from './media-boxes.ts';
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

interface Jp2Header {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 RGB. */
  readonly components: 1 | 3;
  /** Of every sample, 1 to 16. */
  readonly bits: number;
}

const marker = { start: 0xff4f, size: 0xff51, tilePart: 0xff90, data: 0xff93, end: 0xffd9 } as const;
/** Enumerated colour spaces (ISO/IEC 15444-1, table I.10) that hold RGB or grey as they are. */
const plainColours: readonly number[] = [16, 17];

/**
 * Reads the headers of a JPEG 2000 file and checks that all of its tiles are there, which OpenJPEG does not.
 *
 * @throws DecodeError for kinds not verified to equal Pillow's pixels, and if the file is truncated
 */
function readJp2Header(bytes: Uint8Array): Jp2Header {
  return readSize(bytes[0] === 0xff ? bytes : unboxed(bytes));
}

/** The codestream of a file of boxes, whose header must say nothing of other colours. */
function unboxed(bytes: Uint8Array): Uint8Array {
  const boxes = readBoxes(bytes, 'JPEG 2000');
  const header = boxes.find(({ type }) => type === 'jp2h');
  const stream = boxes.find(({ type }) => type === 'jp2c');
  if (header === undefined || stream === undefined) throw new DecodeError('JPEG 2000: no picture in it');
  for (const { type, content } of readBoxes(header.content, 'JPEG 2000')) {
    if (type === 'pclr' || type === 'cmap') throw refused('a palette');
    if (type !== 'colr' || content[0] !== 1) continue;
    const space = content.length < 7 ? -1 : new DataView(content.buffer, content.byteOffset).getUint32(3);
    if (!plainColours.includes(space)) throw refused(space === 18 ? 'colours as YCC' : `colour space ${space}`);
  }
  return stream.content;
}

/** The SIZ segment, which comes first (A.5.1); then every tile part up to the end mark. */
function readSize(stream: Uint8Array): Jp2Header {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  if (stream.length < 42 || view.getUint16(0) !== marker.start || view.getUint16(2) !== marker.size) {
    throw new DecodeError('JPEG 2000: the file ends in its header');
  }
  const components = view.getUint16(40);
  // The library gives no samples of the others.
  if (components !== 1 && components !== 3) throw refused(`${components} components`);
  if (stream.length < 42 + 3 * components) throw new DecodeError('JPEG 2000: the file ends in its header');
  const depth = valueAt(stream, 42);
  for (let i = 0; i < components; i++) {
    const [own, columns, rows] = stream.subarray(42 + 3 * i, 45 + 3 * i);
    if (own !== depth) throw refused('components of different depth');
    if (columns !== 1 || rows !== 1) throw refused('components of different size');
  }
  const bits = depth + 1;
  if (bits > 16) throw refused(depth & 0x80 ? 'signed samples' : `${bits} bits per sample`);
  const width = view.getUint32(8) - view.getUint32(16);
  const height = view.getUint32(12) - view.getUint32(20);
  checkTileParts(stream, view);
  return { width, height, components: components, bits };
}

function checkTileParts(stream: Uint8Array, view: DataView): void {
  let at = 2;
  while (at + 4 <= stream.length && view.getUint16(at) !== marker.tilePart) at += 2 + view.getUint16(at + 2);
  let parts = 0;
  while (at + 12 <= stream.length && view.getUint16(at) === marker.tilePart) {
    const length = view.getUint32(at + 6);
    parts++;
    // 0: the last part reaches to the end mark.
    if (length === 0) at = stream.length - 2;
    else if (length < 14) throw new DecodeError(`JPEG 2000: a tile of ${length} bytes`);
    else at += length;
  }
  if (parts === 0 || at + 2 > stream.length || view.getUint16(at) !== marker.end) {
    throw new DecodeError(`JPEG 2000: the file ends within its ${parts === 0 ? 'header' : 'tiles'}`);
  }
}

function refused(what: string): DecodeError {
  return new DecodeError(`JPEG 2000 with ${what}: save it as PNG`);
}
