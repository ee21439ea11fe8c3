type SharedArray = Uint8Array | Int32Array | Float32Array | Float64Array;

/** An array in shared memory, with the given values or zeros. */
export function sharedArray<T extends SharedArray>(
  kind: { new (buffer: SharedArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
  length: number,
  values?: T,
): T {
  const made = new kind(new SharedArrayBuffer(length * kind.BYTES_PER_ELEMENT));
  if (values !== undefined) made.set(values);
  return made;
}
