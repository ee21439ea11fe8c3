/**
 * Orders strings by Unicode code point: the order of their UTF-8 bytes, the same on every machine and in every locale.
 * JavaScript's `<` compares UTF-16 units, which puts characters above U+FFFF before U+E000.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above every unit that is none.
    const xIsHigh = x >= 0xd800 && x <= 0xdfff;
    const yIsHigh = y >= 0xd800 && y <= 0xdfff;
    if (xIsHigh !== yIsHigh) return xIsHigh ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}
