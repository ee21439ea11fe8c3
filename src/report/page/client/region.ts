/** Whether a point lies within a polygon whose corners are x and y one after the other: the even-odd rule. */
export function isWithin(corners: readonly number[], x: number, y: number): boolean {
  let inside = false;
  const count = corners.length / 2;
  for (let i = 0, j = count - 1; i < count; j = i++) {
    const [xi = 0, yi = 0, xj = 0, yj = 0] = [corners[2 * i], corners[2 * i + 1], corners[2 * j], corners[2 * j + 1]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** At most `most` corners of a drawn line, evenly along it: an address has room for some dozens. */
export function fewerCorners(corners: readonly number[], most = 32): number[] {
  const count = corners.length / 2;
  if (count <= most) return [...corners];
  return Array.from({ length: most }, (_, k) => Math.floor((k * count) / most)).flatMap((i) => [
    corners[2 * i] ?? 0,
    corners[2 * i + 1] ?? 0,
  ]);
}
