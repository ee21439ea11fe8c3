/**
 * The value at a place that is within bounds, as `noUncheckedIndexedAccess` cannot know. For what is done for each row or
 * more rarely, since it takes some 30 ns once it has met several kinds of arrays; inner loops stand in kernels.
 *
 * @throws RangeError where there is none
 */
export function valueAt<T>(values: ArrayLike<T | undefined>, place: number): T {
  const value = values[place];
  if (value === undefined) throw new RangeError(`nothing at ${place} of ${values.length}`);
  return value;
}

/** The last value. @throws RangeError where there is none */
export function lastOf<T>(values: ArrayLike<T | undefined>): T {
  return valueAt(values, values.length - 1);
}

/** The values at places. @throws RangeError where there is none at one of them */
export function valuesAt<T>(values: ArrayLike<T | undefined>, places: Iterable<number>): T[] {
  return Array.from(places, (place) => valueAt(values, place));
}

/** The value of a key that a map has. @throws RangeError where it has not */
export function lookUp<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new RangeError(`nothing for ${key}`);
  return value;
}
