/**
 * The value at an index within bounds, checked for `noUncheckedIndexedAccess`. It takes up to 30 ns: use it once per
 * row or less; inner loops belong in kernels.
 *
 * @throws RangeError if there is none
 */
export function valueAt<T>(values: ArrayLike<T | undefined>, place: number): T {
  const value = values[place];
  if (value === undefined) throw new RangeError(`nothing at ${place} of ${values.length}`);
  return value;
}

/** The last value. @throws RangeError if there is none */
export function lastOf<T>(values: ArrayLike<T | undefined>): T {
  return valueAt(values, values.length - 1);
}

/** The values at the given indices. @throws RangeError if an index has none */
export function valuesAt<T>(values: ArrayLike<T | undefined>, places: Iterable<number>): T[] {
  return Array.from(places, (place) => valueAt(values, place));
}

/** The value of a key. @throws RangeError if the map does not have it */
export function lookUp<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new RangeError(`nothing for ${key}`);
  return value;
}

/** An object of JSON: neither a list nor null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
