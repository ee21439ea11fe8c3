/** The header of an .npy file (format 1.0, padded to 64 bytes as NumPy pads it). */
export function npyHeader(descr: string, shape: readonly number[]): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sides}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = Buffer.alloc(length, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(length - 10, 8);
  header.write(text, 10, 'latin1');
  header[length - 1] = 0x0a;
  return header;
}

/** A whole .npy file of strings (`U`). */
export function encodeNpyText(values: readonly string[]): Uint8Array {
  const points = values.map((value) => Array.from(value, (letter) => letter.codePointAt(0) as number));
  const width = points.reduce((most, each) => Math.max(most, each.length), 1);
  const data = new Uint32Array(values.length * width);
  points.forEach((each, at) => {
    data.set(each, at * width);
  });
  return Buffer.concat([npyHeader(`<U${width}`, [values.length]), new Uint8Array(data.buffer)]);
}
