import { DecodeError } from './decode-error.ts';

/** A box of ISO media (ISO/IEC 14496-12, 4.2) or of a JPEG 2000 file, which has the same kind: its type and its content. */
interface MediaBox {
  readonly type: string;
  readonly content: Uint8Array;
}

/**
 * The boxes of a file, or those within one of them.
 *
 * @throws DecodeError if a box claims to end past the end of the data: the file is truncated
 */
export function readBoxes(bytes: Uint8Array, name: string): readonly MediaBox[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const boxes: MediaBox[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 > bytes.length) throw new DecodeError(`${name}: the file ends within a box`);
    const type = Buffer.from(bytes.buffer, bytes.byteOffset + at + 4, 4).toString('latin1');
    let size = view.getUint32(at);
    let head = 8;
    if (size === 1) {
      if (at + 16 > bytes.length) throw new DecodeError(`${name}: the file ends within a box`);
      size = Number(view.getBigUint64(at + 8));
      head = 16;
    } else if (size === 0) size = bytes.length - at;
    if (size < head) throw new DecodeError(`${name}: a box of ${size} bytes`);
    if (at + size > bytes.length) {
      throw new DecodeError(
        `${name}: the file ends ${at + size - bytes.length} bytes early, within its ${type.trim()} box`,
      );
    }
    boxes.push({ type, content: bytes.subarray(at + head, at + size) });
    at += size;
  }
  return boxes;
}
