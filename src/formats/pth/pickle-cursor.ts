import { UserError } from '../../system/errors.ts';

/** Python integers are unbounded; one longer than this is not a number that a weights file needs. */
const maxIntegerBytes = 128;

/** A place in a pickle's bytes. Every read checks that the bytes are there and steps over them. */
export class PickleCursor {
  at: number;
  readonly where: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, start: number, where: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.where = where;
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  uint64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  /** BINFLOAT is the one big-endian number of the format. */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** A view, not a copy. */
  slice(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  utf8(length: number): string {
    const bytes = this.slice(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (error) {
      throw this.broken('a string that is not UTF-8', 'UTF-8', error);
    }
  }

  /** Text up to the next line feed, which is stepped over. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.broken('a line without an end', 'a line feed');
    const text = this.utf8(end - this.at);
    this.at++;
    return text;
  }

  /** Little-endian two's complement of any length, as LONG1 and LONG4 hold it. */
  integer(length: number): number | bigint {
    if (length > maxIntegerBytes) throw this.broken(`an integer of ${length} bytes`, `at most ${maxIntegerBytes}`);
    const hex = Buffer.from(this.slice(length)).reverse().toString('hex');
    return narrow(BigInt.asIntN(length * 8, BigInt(hex === '' ? 0 : `0x${hex}`)));
  }

  decimal(text: string): number | bigint {
    if (!/^-?\d{1,300}$/.test(text)) throw this.broken(`the integer ${text.slice(0, 40)}`, 'digits');
    return narrow(BigInt(text));
  }

  broken(found: string, expected: string, cause?: unknown): UserError {
    return new UserError({ what: 'This is not a complete pickle', where: this.where, found, expected, cause });
  }

  #take(length: number): number {
    const start = this.at;
    if (length > this.#bytes.length - start)
      throw this.broken(`the end of the file ${this.#bytes.length - start} bytes on`, `${length} bytes`);
    this.at += length;
    return start;
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
