import { bytesPerElement, type ElementType, elementCount, toFloat32 } from '../element-types.ts';
import { gatherStrided } from './gather.kernel.ts';

/** The memory behind one or more tensors. `bytes` arrives after the pickle in a legacy file. */
export class TensorStorage {
  readonly type: ElementType;
  readonly byteLength: number;
  bytes: Uint8Array | undefined;

  constructor(type: ElementType, byteLength: number, bytes?: Uint8Array) {
    this.type = type;
    this.byteLength = byteLength;
    this.bytes = bytes;
  }

  elementCountAs(type: ElementType): number {
    return Math.floor(this.byteLength / bytesPerElement[type]);
  }
}

/** A view of a storage: element (i, j, …) is at offset + i·strides[0] + j·strides[1] + …, counted in elements. */
export class StridedTensor {
  readonly storage: TensorStorage;
  readonly type: ElementType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(
    storage: TensorStorage,
    type: ElementType,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage;
    this.type = type;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  /** Elements from the storage's start up to the last one that the tensor reaches. */
  elementsNeeded(): number {
    if (this.shape.includes(0)) return 0;
    return this.shape.reduce((last, size, axis) => last + (size - 1) * (this.strides[axis] ?? 0), this.offset) + 1;
  }

  /**
   * The elements in C order as float32. A stride of 0 can make a tensor far larger than its storage: check `shape`
   * against the one that is wanted before this.
   */
  toFloat32(): Float32Array {
    const { storage, shape, strides, type } = this;
    if (storage.bytes === undefined) throw new Error('a storage was not read');
    const count = elementCount(shape) ?? 0;
    if (count === 0) return new Float32Array();
    const size = bytesPerElement[type];
    const needed = storage.bytes.subarray(this.offset * size, this.elementsNeeded() * size);
    const elements = toFloat32(type, needed);
    return isContiguous(shape, strides) ? elements : gatherStrided(elements, shape, strides, count);
  }
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis] ?? 1;
  }
  return true;
}
