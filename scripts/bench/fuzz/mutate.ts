import type { Draw } from './draw.ts';

/** Difficult lengths and counts: around powers of two, and far beyond any file. */
const oddNumbers = [0n, 1n, 2n, 7n, 8n, 127n, 128n, 255n, 256n, 65535n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n];
const hugeNumbers = [2n ** 32n, 2n ** 40n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

/** Draws a difficult length or count. */
export function difficultNumber(draw: Draw): bigint {
  return draw.oneOf([...oddNumbers, ...hugeNumbers]);
}

/**
 * Makes one to six changes to a file's bytes: flipped bits, difficult numbers, truncations, repeats, parts of another
 * file, and keywords of its format.
 */
export function mutateBytes(seed: Uint8Array, other: Uint8Array, words: readonly string[], draw: Draw): Uint8Array {
  let bytes: Buffer = Buffer.from(seed);
  for (let change = draw.oneOf([1, 1, 1, 2, 3, 6]); change > 0; change--) bytes = changeOnce(bytes, other, words, draw);
  return bytes;
}

function changeOnce(bytes: Buffer, other: Uint8Array, words: readonly string[], draw: Draw): Buffer {
  const at = draw.below(bytes.length + 1);
  const length = 1 + draw.below(draw.oneOf([2, 8, 64, 1024]));
  switch (draw.below(9)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << draw.below(8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = draw.oneOf([0, 1, 0x2e, 0x7f, 0x80, 0xff, draw.below(256)]);
      return bytes;
    case 2: {
      const size = draw.oneOf([1, 2, 4, 8]);
      const value = BigInt.asUintN(size * 8, difficultNumber(draw));
      const number = Buffer.alloc(8);
      number.writeBigUInt64LE(value);
      number.copy(bytes, at, 0, size);
      return bytes;
    }
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 4:
      return bytes.subarray(0, at);
    case 5: {
      const part = bytes.subarray(at, at + length);
      const to = draw.below(bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, to), part, bytes.subarray(to)]);
    }
    case 6: {
      const from = draw.below(other.length + 1);
      const keep = draw.oneOf([0, length]);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at + keep)]);
    }
    case 7: {
      const word = Buffer.from(draw.oneOf(words), 'latin1');
      return Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at + draw.oneOf([0, word.length]))]);
    }
    default: {
      const filler = Buffer.alloc(length, draw.oneOf([0, 0x28, 0x5b, 0xff, draw.below(256)]));
      return Buffer.concat([bytes.subarray(0, at), filler, bytes.subarray(at)]);
    }
  }
}

type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

const oddValues: readonly JsonValue[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e300,
  2 ** 53,
  2 ** 31,
  '',
  'constructor',
  '__proto__',
  '\u0000',
  [],
  {},
  [[]],
  'NaN',
];

/** Replaces, removes, duplicates or moves one to three nodes of a JSON text, which stays valid JSON. */
export function mutateJson(text: string, words: readonly string[], draw: Draw): string {
  let root: JsonValue = JSON.parse(text);
  for (let change = 1 + draw.below(3); change > 0; change--) root = changeNode(root, words, draw);
  return JSON.stringify(root);
}

function changeNode(root: JsonValue, words: readonly string[], draw: Draw): JsonValue {
  const places: { holder: Record<string, JsonValue>; key: string }[] = [];
  const stack: JsonValue[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    const holder = node as Record<string, JsonValue>;
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      stack.push(holder[key] as JsonValue);
    }
  }
  if (places.length === 0) return draw.oneOf(oddValues);
  const { holder, key } = draw.oneOf(places);
  switch (draw.below(6)) {
    case 0:
      delete holder[key];
      return root;
    case 1:
      holder[draw.oneOf(words)] = holder[key] as JsonValue;
      return root;
    case 2: {
      const other = draw.oneOf(places);
      holder[key] = structuredClone(other.holder[other.key] ?? null);
      return root;
    }
    case 3:
      if (typeof holder[key] === 'number') holder[key] += draw.oneOf([-1, 1, 8, 2 ** 32]);
      return root;
    case 4:
      holder[key] = draw.oneOf(words);
      return root;
    default:
      holder[key] = draw.oneOf(oddValues);
      return root;
  }
}
