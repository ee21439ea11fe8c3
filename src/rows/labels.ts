/** Class names and one class number per row. */
export interface EncodedLabels {
  /** Sorted by code point, as numpy.unique sorts str. */
  readonly classes: readonly string[];
  /** Index into `classes` per row. */
  readonly labels: Int32Array;
}

/** numpy.unique(names, return_inverse=True); `compare` for names that do not sort as text. */
export function encodeLabels(
  names: readonly string[],
  compare: (a: string, b: string) => number = compareCodePoints,
): EncodedLabels {
  const classes = [...new Set(names)].sort(compare);
  const numberOf = new Map(classes.map((name, index) => [name, index]));
  return { classes, labels: Int32Array.from(names, (name) => numberOf.get(name) as number) };
}

/** Rows per class, [classCount]. */
export function countClasses(labels: Int32Array, classCount: number): Int32Array {
  const counts = new Int32Array(classCount);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  return counts;
}

/** JavaScript's own order compares UTF-16 units, which puts astral characters before U+E000 to U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const [left, right] = [a.codePointAt(i) as number, b.codePointAt(i) as number];
    // Unequal units inside a pair share their high surrogate, so comparing them alone is right too.
    return left - right;
  }
  return a.length - b.length;
}
