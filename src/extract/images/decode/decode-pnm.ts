import { valueAt } from '../../../system/at.ts';
import type { SourcePixels } from '../resize/resize.kernel.ts';
import { checkSize, DecodeError } from './decode-error.ts';
import { readDigits, readSamples, rescale, unpackBits } from './pnm.kernel.ts';
import { spreadGrey } from './sixteen-bit.kernel.ts';
import { greyPixels, type SixteenBit } from './sixteen-bit.ts';

/** P1 to P6. */
type PnmKind = 1 | 2 | 3 | 4 | 5 | 6;

/**
 * A portable bitmap, greymap or pixmap as Pillow 9.4 gives it (PpmImagePlugin, then `convert('RGB')`): samples are
 * scaled from the maximum that the file states, grey ones above 8 bits to 16 bits.
 *
 * @throws DecodeError if the header or a sample is missing, is not a number, or is above the stated maximum
 */
export function decodePnm(bytes: Uint8Array, rule: SixteenBit, onSize?: (pixelCount: number) => void): SourcePixels {
  const header = new HeaderReader(bytes);
  const kind = (valueAt(bytes, 1) - 48) as PnmKind;
  const [width, height] = [header.number(), header.number()];
  const bitmap = kind === 1 || kind === 4;
  const largest = bitmap ? 1 : header.number();
  if (largest < 1 || largest > 65535) throw new DecodeError(`PNM: a largest sample of ${largest}`);
  checkSize(width, height, onSize);
  if (kind === 4) {
    const needed = Math.ceil(width / 8) * height;
    const packed = bytes.subarray(header.at, header.at + needed);
    if (packed.length < needed) throw endsEarly(packed.length, needed, 'bytes');
    return spread(unpackBits(packed, width, height), width, height);
  }
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  // A sample takes a byte at least; in decimals a byte between two of them, too. A header alone asks for no memory.
  const count = width * height * channels;
  const fewest = kind === 2 || kind === 3 ? 2 * count - 1 : count;
  if (bytes.length - header.at < fewest) throw endsEarly(bytes.length - header.at, fewest, 'bytes');
  const samples = new Uint16Array(width * height * channels);
  readInto(samples, bytes, kind, header.at, largest);
  if (bitmap)
    return spread(
      Uint8Array.from(samples, (black) => (black === 1 ? 0 : 255)),
      width,
      height,
    );
  const deep = channels === 1 && largest > 255;
  const most = deep ? 65535 : 255;
  if (largest !== most) rescale(samples, largest, most);
  if (deep) return greyPixels(samples, width, height, rule);
  const eight = Uint8Array.from(samples);
  return channels === 3 ? { data: eight, width, height, channels } : spread(eight, width, height);
}

function readInto(samples: Uint16Array, bytes: Uint8Array, kind: PnmKind, from: number, largest: number): void {
  if (kind <= 3) {
    const read = readDigits(bytes, from, kind === 1, largest, samples);
    if (read < 0) throw new DecodeError(`PNM: a sample that is no whole number from 0 to ${largest}`);
    if (read < samples.length) throw endsEarly(read, samples.length, 'samples');
    return;
  }
  const sampleBytes = largest > 255 ? 2 : 1;
  const stored = bytes.subarray(from, from + samples.length * sampleBytes);
  if (stored.length < samples.length * sampleBytes) {
    throw endsEarly(Math.floor(stored.length / sampleBytes), samples.length, 'samples');
  }
  readSamples(stored, sampleBytes, samples);
}

function endsEarly(found: number, expected: number, what: string): DecodeError {
  return new DecodeError(`PNM: the file ends after ${found} of ${expected} ${what}`);
}

function spread(grey: Uint8Array, width: number, height: number): SourcePixels {
  const data = new Uint8Array(grey.length * 3);
  spreadGrey(grey, data);
  return { data, width, height, channels: 3 };
}

/** Numbers after the first two bytes, separated by white space and comments; one byte ends each. */
class HeaderReader {
  readonly #bytes: Uint8Array;
  at = 2;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  number(): number {
    let digits = '';
    while (this.at < this.#bytes.length && digits.length <= 10) {
      const letter = String.fromCharCode(valueAt(this.#bytes, this.at++));
      if (letter === '#') this.#skipLine();
      else if (/\s/.test(letter)) {
        if (digits !== '') break;
      } else if (/\d/.test(letter)) digits += letter;
      else throw new DecodeError(`PNM: ${JSON.stringify(letter)} in the header`);
    }
    if (digits === '' || digits.length > 10) throw new DecodeError('PNM: no number where the header should have one');
    return Number(digits);
  }

  #skipLine(): void {
    while (this.at < this.#bytes.length && !/[\n\r]/.test(String.fromCharCode(valueAt(this.#bytes, this.at++))));
  }
}
