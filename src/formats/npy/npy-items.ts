/** Reads the item at an offset of a block. */
type ItemReader<T> = (view: DataView, at: number) => T;

/** Reader of NumPy's plain numeric types, by type name without byte order; undefined for other types. */
export function numberReader(type: string, bigEndian: boolean): ItemReader<number> | undefined {
  const little = !bigEndian;
  switch (type) {
    case 'f2':
      return (view, at) => halfToNumber(view.getUint16(at, little));
    case 'f4':
      return (view, at) => view.getFloat32(at, little);
    case 'f8':
      return (view, at) => view.getFloat64(at, little);
    case 'b1':
    case 'u1':
      return (view, at) => view.getUint8(at);
    case 'i1':
      return (view, at) => view.getInt8(at);
    case 'u2':
      return (view, at) => view.getUint16(at, little);
    case 'i2':
      return (view, at) => view.getInt16(at, little);
    case 'u4':
      return (view, at) => view.getUint32(at, little);
    case 'i4':
      return (view, at) => view.getInt32(at, little);
    case 'u8':
      return (view, at) => Number(view.getBigUint64(at, little));
    case 'i8':
      return (view, at) => Number(view.getBigInt64(at, little));
    default:
      return undefined;
  }
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

/** IEEE 754 binary16. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (fraction + 1024) * 2 ** (exponent - 25));
}
