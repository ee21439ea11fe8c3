import { valueAt } from '../../system/at.ts';
import { widenFloat16 } from '../half.kernel.ts';

type ItemReader<T> = (view: DataView, at: number) => T;

const numberReaders: Readonly<Record<string, (view: DataView, at: number, little: boolean) => number>> = {
  f2: (view, at, little) => valueAt(widenFloat16(Uint16Array.of(view.getUint16(at, little))), 0),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
  b1: (view, at) => view.getUint8(at),
  u1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
};

/** Reader of a numeric type; undefined for other types. */
export function numberReader(type: string, bigEndian: boolean): ItemReader<number> | undefined {
  const read = Object.hasOwn(numberReaders, type) ? numberReaders[type] : undefined;
  return read && ((view, at) => read(view, at, !bigEndian));
}

/**
 * Reader of labels as text: integers exactly, floats as printed by JavaScript, text unchanged; undefined for other
 * types.
 */
export function textReader(type: string, itemBytes: number, bigEndian: boolean): ItemReader<string> | undefined {
  const little = !bigEndian;
  if (type === 'u8') return (view, at) => String(view.getBigUint64(at, little));
  if (type === 'i8') return (view, at) => String(view.getBigInt64(at, little));
  const number = numberReader(type, bigEndian);
  // -0 is printed as 0.
  if (number !== undefined) return (view, at) => String(number(view, at));
  if (type.startsWith('U')) {
    return (view, at) => {
      let text = '';
      for (let i = at; i < at + itemBytes; i += 4) {
        const point = view.getUint32(i, little);
        if (point > 0 && point <= 0x10ffff) text += String.fromCodePoint(point);
      }
      return text;
    };
  }
  if (!type.startsWith('S')) return undefined;
  return (view, at) =>
    new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, itemBytes)).replace(/\0+$/, '');
}
