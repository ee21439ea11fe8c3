import { UserError } from '../../system/errors.ts';
import { type DataType, dataTypes, type OnnxTensor } from './schema.ts';

// biome-ignore format: a table
const arrayTypes = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, bfloat16: Uint16Array, bool: Uint8Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
} as const;

/** A tensor's elements. float16 and bfloat16 are kept as their 16 bits, bool as 0 and 1, strings as UTF-8 text. */
// biome-ignore format: a table
type TensorDataOf = {
  float32: Float32Array; float64: Float64Array; float16: Uint16Array; bfloat16: Uint16Array; bool: Uint8Array;
  uint8: Uint8Array; uint16: Uint16Array; uint32: Uint32Array; uint64: BigUint64Array;
  int8: Int8Array; int16: Int16Array; int32: Int32Array; int64: BigInt64Array;
  string: readonly string[];
};

/** A tensor as plain data; `data.length` is the product of `shape`. */
export type TensorValue = {
  [K in DataType]: { readonly type: K; readonly shape: readonly number[]; readonly data: TensorDataOf[K] };
}[DataType];

/** The name of an ONNX element type number, or undefined for one that this project does not handle. */
export function dataTypeName(dataType: number): DataType | undefined {
  return (Object.keys(dataTypes) as DataType[]).find((name) => dataTypes[name] === dataType);
}

/**
 * Makes an ONNX tensor whose raw bytes are a view of `value.data`: leave the data alone until the model is encoded.
 *
 * @throws UserError if the data does not fill the shape
 */
export function encodeTensor(name: string, value: TensorValue): OnnxTensor {
  const elementCount = value.shape.reduce((product, extent) => product * extent, 1);
  if (value.data.length !== elementCount) {
    throw new UserError({
      what: 'a tensor does not fill its shape',
      where: `tensor ${name}`,
      found: `${value.data.length} elements`,
      expected: `${elementCount} for [${value.shape.join(', ')}]`,
    });
  }
  const none = { floatData: [], int32Data: [], int64Data: [], doubleData: [], uint64Data: [], externalData: [] };
  const head = { name, dims: value.shape, dataType: dataTypes[value.type], ...none };
  if (value.type === 'string') {
    const encoder = new TextEncoder();
    return { ...head, stringData: value.data.map((text) => encoder.encode(text)) };
  }
  const { data } = value;
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { ...head, stringData: [], rawData };
}

/**
 * Reads an ONNX tensor's elements, whichever of its fields they are in.
 *
 * @throws UserError if the elements do not fill the shape, or are of a type that is not handled
 */
export function decodeTensor(tensor: OnnxTensor): TensorValue {
  const name = tensor.name ?? '';
  const type = dataTypeName(tensor.dataType);
  if (type === undefined) {
    throw new UserError({
      what: 'a tensor has an element type that is not handled',
      where: `tensor ${name}`,
      found: `ONNX data type ${tensor.dataType}`,
      expected: Object.keys(dataTypes).join(', '),
    });
  }
  const shape = tensor.dims.map(Number);
  const elementCount = shape.reduce((product, extent) => product * extent, 1);
  const data = type === 'string' ? decodeStrings(tensor) : decodeNumbers(tensor, type, elementCount);
  const whole = shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!whole || data === undefined || data.length !== elementCount) {
    throw new UserError({
      what: 'a tensor does not fill its shape',
      where: `tensor ${name}`,
      found: data === undefined ? 'no or other data' : `${data.length} elements`,
      expected: `${elementCount} of ${type} for [${shape.join(', ')}]`,
      fix: 'export or download the file again',
    });
  }
  return { type, shape, data } as TensorValue;
}

function decodeStrings(tensor: OnnxTensor): readonly string[] {
  const decoder = new TextDecoder();
  return tensor.stringData.map((bytes) => decoder.decode(bytes));
}

type NumericData = Exclude<TensorValue['data'], readonly string[]>;

function decodeNumbers(
  tensor: OnnxTensor,
  type: Exclude<DataType, 'string'>,
  elementCount: number,
): NumericData | undefined {
  const arrayType = arrayTypes[type];
  const { rawData } = tensor;
  if (rawData !== undefined) {
    if (rawData.length !== elementCount * arrayType.BYTES_PER_ELEMENT) return undefined;
    // A copy, since the raw bytes lie in the file at any alignment; not slice(), which is a view on a Buffer.
    return new arrayType(new Uint8Array(rawData).buffer);
  }
  switch (type) {
    case 'float32':
      return Float32Array.from(tensor.floatData);
    case 'float64':
      return Float64Array.from(tensor.doubleData);
    case 'int64':
      return BigInt64Array.from(tensor.int64Data.map(BigInt));
    case 'uint64':
      return BigUint64Array.from(tensor.uint64Data.map(BigInt));
    case 'uint32':
      return Uint32Array.from(tensor.uint64Data.map(Number));
    default:
      // Types of up to 32 bits share int32_data; 16-bit floats are their bits there.
      return (arrayTypes[type] as Uint8ArrayConstructor).from(tensor.int32Data);
  }
}
