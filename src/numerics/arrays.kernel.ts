/** Integers at the given indices, e.g. the labels of some rows. */
export function takeInts(values: ArrayLike<number>, places: ArrayLike<number>): Int32Array<ArrayBuffer> {
  return fill(new Int32Array(places.length), values, places);
}

/** As `takeInts`, unsigned. */
export function takeUints(values: ArrayLike<number>, places: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  return fill(new Uint32Array(places.length), values, places);
}

/** As `takeInts`, float64. */
export function takeFloats(values: ArrayLike<number>, places: ArrayLike<number>): Float64Array<ArrayBuffer> {
  return fill(new Float64Array(places.length), values, places);
}

function fill<A extends Int32Array | Uint32Array | Float64Array>(
  out: A,
  values: ArrayLike<number>,
  places: ArrayLike<number>,
): A {
  for (let i = 0; i < out.length; i++) out[i] = values[places[i]];
  return out;
}

/** Transposes [rows, columns] into `out`, [columns, rows], in tiles that fit in the cache. */
export function transpose<A extends Int8Array | Float32Array | Float64Array>(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  out: A,
): A {
  const tile = 32;
  for (let top = 0; top < rows; top += tile) {
    for (let left = 0; left < columns; left += tile) {
      for (let i = top; i < Math.min(rows, top + tile); i++) {
        for (let j = left; j < Math.min(columns, left + tile); j++) out[j * rows + i] = values[i * columns + j];
      }
    }
  }
  return out;
}

export function scaleBy(values: Float32Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i] *= factor;
}

/** The largest value, at least `least`. */
export function largestOf(values: Int32Array | Float64Array, least = 0): number {
  let largest = least;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i]);
  return largest;
}

export function addTo(target: Float64Array, values: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] += values[i];
}

/** Adds to the value at an index. */
export function addAt(
  values: Int32Array | Float32Array | Float64Array | Uint32Array | number[],
  place: number,
  by: number,
): void {
  values[place] += by;
}
