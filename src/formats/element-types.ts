import { widenBfloat16, widenFloat16 } from './half.kernel.ts';

/** Bytes per number, by safetensors' names of the number types. All are little-endian. */
// biome-ignore format: a table
export const bytesPerElement = {
  F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1,
} as const;

/** Number type of a stored tensor. */
export type ElementType = keyof typeof bytesPerElement;

export function isElementType(name: unknown): name is ElementType {
  return typeof name === 'string' && Object.hasOwn(bytesPerElement, name);
}

/**
 * Number of elements of a shape: 1 for a scalar's `[]`. Undefined for an invalid shape: a dimension that is not a
 * non-negative integer, or a product above 2^53.
 */
export function elementCount(shape: unknown): number | undefined {
  if (!Array.isArray(shape)) return undefined;
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/**
 * Converts stored numbers to float32: narrower types exactly, wider ones (F64, I64, U64, I32, U32) rounded to nearest.
 */
export function toFloat32(type: ElementType, bytes: Uint8Array): Float32Array {
  switch (type) {
    case 'F16':
      return widenFloat16(new Uint16Array(aligned(bytes)));
    case 'BF16':
      return widenBfloat16(new Uint16Array(aligned(bytes)));
    case 'I64':
      return Float32Array.from(new BigInt64Array(aligned(bytes)), Number);
    case 'U64':
      return Float32Array.from(new BigUint64Array(aligned(bytes)), Number);
    case 'BOOL':
      return Float32Array.from(bytes, (byte) => (byte === 0 ? 0 : 1));
    case 'F32':
      return new Float32Array(aligned(bytes));
    default:
      return new Float32Array(new arrayTypes[type](aligned(bytes)));
  }
}

// biome-ignore format: a table
const arrayTypes = {
  F64: Float64Array, I32: Int32Array, U32: Uint32Array, I16: Int16Array, U16: Uint16Array, I8: Int8Array, U8: Uint8Array,
};

/** A copy in its own buffer, because typed arrays must be aligned. */
export function aligned(bytes: Uint8Array): ArrayBuffer {
  // Not bytes.slice(), which is a view for a Node Buffer.
  return new Uint8Array(bytes).buffer;
}
