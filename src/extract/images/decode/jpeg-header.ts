import { valueAt } from '../../../system/at.ts';
import { DecodeError } from './decode-error.ts';

interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 colour, 4 CMYK or YCCK. */
  readonly components: number;
  /**
   * The file without application segments that do not belong to the picture: profiles, previews, gain maps. Decoders
   * act on some of them or complain about them; JFIF's and Adobe's say how colours are coded and stay, and Exif's
   * where the orientation is wanted.
   */
  readonly picture: Uint8Array;
}

const startOfScan = 0xda;
const app0 = 0xe0;
const exifSegment = 0xe1;
const app14 = 0xee;
const app15 = 0xef;
const comment = 0xfe;

/**
 * Reads the segments in front of the first scan (ITU T.81, annex B).
 *
 * @throws DecodeError for a broken header and for kinds that Pillow also refuses
 */
export function readJpegHeader(bytes: Uint8Array, keepExif: boolean): JpegHeader {
  const kept: Uint8Array[] = [bytes.subarray(0, 2)];
  let frame: { readonly width: number; readonly height: number; readonly components: number } | undefined;
  let sequential = false;
  let at = 2;
  for (;;) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    const marker = bytes[at + 1];
    if (at + 4 > bytes.length || marker === undefined) throw new DecodeError('JPEG: the file ends in its header');
    if (bytes[at] !== 0xff) throw new DecodeError(`JPEG: no marker at byte ${at}`);
    if (marker === 0xd9) throw new DecodeError('JPEG: no picture in it');
    const length = uint16(bytes, at + 2);
    const segment = bytes.subarray(at, at + 2 + length);
    if (length < 2 || segment.length < 2 + length) throw new DecodeError('JPEG: the file ends in its header');
    if (isFrame(marker)) {
      frame = readFrame(marker, segment);
      sequential = marker === 0xc0 || marker === 0xc1;
    }
    if (marker === startOfScan) break;
    if (!isSpare(marker, segment, keepExif)) kept.push(marker === app0 ? withKnownVersion(segment) : segment);
    at += 2 + length;
  }
  if (frame === undefined) throw new DecodeError('JPEG: no frame header in front of the first scan');
  kept.push(bytes.subarray(at));
  const picture = Buffer.concat(kept);
  if (sequential) setWholeSpectrum(picture, picture.length - (bytes.length - at));
  return { ...frame, picture };
}

/**
 * A scan of a sequential JPEG always holds all 64 coefficients, but some cameras write zeros into its header. libjpeg
 * decodes these to the same pixels with a warning, so the header gets the numbers that the standard requires
 * (G.1.1.1.1).
 *
 * @param at byte of the first scan header; the others are searched for only if that one is wrong
 */
function setWholeSpectrum(picture: Uint8Array, at: number): void {
  while (at + 5 < picture.length && picture[at + 1] === startOfScan) {
    const spectrum = at + 5 + 2 * valueAt(picture, at + 4);
    if (spectrum + 3 > picture.length) return;
    if (picture[spectrum] === 0 && picture[spectrum + 1] === 63 && picture[spectrum + 2] === 0) return;
    picture.set([0, 63, 0], spectrum);
    at = nextScan(picture, spectrum + 3);
  }
}

/** Where the next scan header starts, behind coded data and tables; the end if there is none. */
function nextScan(picture: Uint8Array, from: number): number {
  for (let at = picture.indexOf(0xff, from); at >= 0; at = picture.indexOf(0xff, at + 1)) {
    const marker = picture[at + 1] ?? 0;
    if (marker === startOfScan) return at;
    // Tables between scans are skipped whole because their content may look like a marker.
    if (marker === 0xc4 || marker === 0xdb || marker === 0xdd) at += 1 + uint16(picture, at + 2);
  }
  return picture.length;
}

/** SOF0 to SOF15, without DHT, JPG and DAC that lie among them. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readFrame(marker: number, segment: Uint8Array): { width: number; height: number; components: number } {
  const [precision = 0, components = 0] = [segment[4], segment[9]];
  if (precision !== 8) throw new DecodeError(`JPEG with ${precision} bits per sample: save it with 8`);
  if ((marker & 3) === 3) throw new DecodeError('lossless JPEG: save it as PNG');
  if (components !== 1 && components !== 3 && components !== 4) {
    throw new DecodeError(`JPEG with ${components} components`);
  }
  return { height: uint16(segment, 5), width: uint16(segment, 7), components };
}

function isSpare(marker: number, segment: Uint8Array, keepExif: boolean): boolean {
  if (marker === comment) return true;
  if (marker < app0 || marker > app15 || marker === app0 || marker === app14) return false;
  return !(keepExif && marker === exifSegment && Buffer.from(segment.subarray(4, 9)).toString('latin1') === 'Exif\0');
}

/** JFIF's version says nothing about pixels, yet libjpeg complains of one it does not know: 1.01 then. */
function withKnownVersion(segment: Uint8Array): Uint8Array {
  if (Buffer.from(segment.subarray(4, 9)).toString('latin1') !== 'JFIF\0' || segment.length < 11) return segment;
  const copy = Uint8Array.from(segment);
  copy.set([1, 1], 9);
  return copy;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
