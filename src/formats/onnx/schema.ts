/**
 * The part of ONNX's protobuf schema that this project reads and writes. Field numbers and enum values are those of
 * onnx/onnx.proto in github.com/onnx/onnx (release 1.17). Fields outside this subset survive decode and encode
 * as they came, in `unknown`.
 */

/** A whole number of the wire's 64 bits: a bigint only where a number would not be exact. */
export type Int64 = number | bigint;

/** Fields that the subset does not name, with their tags, ready to be written back. */
interface WithUnknown {
  readonly unknown?: readonly Uint8Array[];
}

export interface OnnxModel extends WithUnknown {
  readonly irVersion: Int64;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly domain?: string;
  readonly modelVersion?: Int64;
  readonly docString?: string;
  readonly graph: OnnxGraph;
  readonly opsetImport: readonly OnnxOpset[];
  readonly metadataProps: readonly OnnxEntry[];
}

interface OnnxOpset extends WithUnknown {
  /** Absent or '' is ONNX's own operator set, `ai.onnx`. */
  readonly domain?: string;
  readonly version: Int64;
}

interface OnnxEntry extends WithUnknown {
  readonly key?: string;
  readonly value?: string;
}

export interface OnnxGraph extends WithUnknown {
  readonly name?: string;
  /** In topological order: a node comes after those that make its inputs. */
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly docString?: string;
  readonly input: readonly OnnxValueInfo[];
  readonly output: readonly OnnxValueInfo[];
  readonly valueInfo: readonly OnnxValueInfo[];
}

export interface OnnxNode extends WithUnknown {
  readonly name?: string;
  readonly opType: string;
  readonly domain?: string;
  /** '' stands for an optional input that is left out. */
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly OnnxAttribute[];
  readonly docString?: string;
}

export interface OnnxAttribute extends WithUnknown {
  readonly name: string;
  /** One of `attributeTypes`. */
  readonly type?: number;
  readonly f?: number;
  readonly i?: Int64;
  readonly s?: Uint8Array;
  readonly t?: OnnxTensor;
  readonly g?: OnnxGraph;
  readonly floats: readonly number[];
  readonly ints: readonly Int64[];
  readonly strings: readonly Uint8Array[];
  readonly tensors: readonly OnnxTensor[];
  readonly graphs: readonly OnnxGraph[];
}

export interface OnnxTensor extends WithUnknown {
  readonly name?: string;
  readonly dims: readonly Int64[];
  /** One of `dataTypes`. */
  readonly dataType: number;
  /** Little-endian elements in C order; the typed fields below are the older way of storing them. */
  readonly rawData?: Uint8Array;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly stringData: readonly Uint8Array[];
  readonly int64Data: readonly Int64[];
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly Int64[];
  readonly externalData: readonly OnnxEntry[];
  /** 0 or absent: in this message; 1: in another file. */
  readonly dataLocation?: number;
}

export interface OnnxValueInfo extends WithUnknown {
  readonly name: string;
  readonly type?: OnnxType;
}

interface OnnxType extends WithUnknown {
  /** Absent for sequences, maps and optionals, which stay in `unknown`. */
  readonly tensorType?: OnnxTensorType;
}

interface OnnxTensorType extends WithUnknown {
  readonly elemType?: number;
  readonly shape?: OnnxShape;
}

interface OnnxShape extends WithUnknown {
  readonly dim: readonly OnnxDimension[];
}

interface OnnxDimension extends WithUnknown {
  readonly dimValue?: Int64;
  /** Name of a dimension that is known when the model runs. */
  readonly dimParam?: string;
}

/** TensorProto.DataType: the element types that tensors of this project may hold. */
// biome-ignore format: a table
export const dataTypes = {
  float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, string: 8, bool: 9, float16: 10, float64: 11,
  uint32: 12, uint64: 13, bfloat16: 16,
} as const;
export type DataType = keyof typeof dataTypes;

/** AttributeProto.AttributeType. */
// biome-ignore format: a table
export const attributeTypes = {
  float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8, tensors: 9, graphs: 10,
} as const;

/** Protobuf's wire type of each kind of field. */
export const wireTypes = {
  int64: 0,
  uint64: 0,
  int32: 0,
  double: 1,
  string: 2,
  bytes: 2,
  message: 2,
  float: 5,
} as const;

// biome-ignore format: as many on a line as fit
export type MessageName =
  | 'Model' | 'Opset' | 'Entry' | 'Graph' | 'Node' | 'Attribute' | 'Tensor' | 'ValueInfo' | 'Type' | 'TensorType'
  | 'Shape' | 'Dimension';
type FieldKind = keyof typeof wireTypes;
export type ScalarKind = Exclude<FieldKind, 'message'>;

export interface Field {
  readonly key: string;
  readonly kind: FieldKind;
  readonly message?: MessageName;
  readonly repeated: boolean;
  /** Written as one length and its elements; either form is read. */
  readonly packed?: boolean;
}

const one = (key: string, kind: ScalarKind): Field => ({ key, kind, repeated: false });
const many = (key: string, kind: ScalarKind): Field => ({ key, kind, repeated: true });
const packed = (key: string, kind: ScalarKind): Field => ({ key, kind, repeated: true, packed: true });
const oneOf = (key: string, message: MessageName): Field => ({ key, kind: 'message', message, repeated: false });
const manyOf = (key: string, message: MessageName): Field => ({ key, kind: 'message', message, repeated: true });

/** Per message: field number to field. */
export const messages: Readonly<Record<MessageName, ReadonlyMap<number, Field>>> = {
  Model: new Map([
    [1, one('irVersion', 'int64')],
    [2, one('producerName', 'string')],
    [3, one('producerVersion', 'string')],
    [4, one('domain', 'string')],
    [5, one('modelVersion', 'int64')],
    [6, one('docString', 'string')],
    [7, oneOf('graph', 'Graph')],
    [8, manyOf('opsetImport', 'Opset')],
    [14, manyOf('metadataProps', 'Entry')],
  ]),
  Opset: new Map([
    [1, one('domain', 'string')],
    [2, one('version', 'int64')],
  ]),
  Entry: new Map([
    [1, one('key', 'string')],
    [2, one('value', 'string')],
  ]),
  Graph: new Map([
    [1, manyOf('node', 'Node')],
    [2, one('name', 'string')],
    [5, manyOf('initializer', 'Tensor')],
    [10, one('docString', 'string')],
    [11, manyOf('input', 'ValueInfo')],
    [12, manyOf('output', 'ValueInfo')],
    [13, manyOf('valueInfo', 'ValueInfo')],
  ]),
  Node: new Map([
    [1, many('input', 'string')],
    [2, many('output', 'string')],
    [3, one('name', 'string')],
    [4, one('opType', 'string')],
    [5, manyOf('attribute', 'Attribute')],
    [6, one('docString', 'string')],
    [7, one('domain', 'string')],
  ]),
  Attribute: new Map([
    [1, one('name', 'string')],
    [2, one('f', 'float')],
    [3, one('i', 'int64')],
    [4, one('s', 'bytes')],
    [5, oneOf('t', 'Tensor')],
    [6, oneOf('g', 'Graph')],
    [7, many('floats', 'float')],
    [8, many('ints', 'int64')],
    [9, many('strings', 'bytes')],
    [10, manyOf('tensors', 'Tensor')],
    [11, manyOf('graphs', 'Graph')],
    [20, one('type', 'int32')],
  ]),
  Tensor: new Map([
    [1, many('dims', 'int64')],
    [2, one('dataType', 'int32')],
    [4, packed('floatData', 'float')],
    [5, packed('int32Data', 'int32')],
    [6, many('stringData', 'bytes')],
    [7, packed('int64Data', 'int64')],
    [8, one('name', 'string')],
    [9, one('rawData', 'bytes')],
    [10, packed('doubleData', 'double')],
    [11, packed('uint64Data', 'uint64')],
    [13, manyOf('externalData', 'Entry')],
    [14, one('dataLocation', 'int32')],
  ]),
  ValueInfo: new Map([
    [1, one('name', 'string')],
    [2, oneOf('type', 'Type')],
  ]),
  Type: new Map([[1, oneOf('tensorType', 'TensorType')]]),
  TensorType: new Map([
    [1, one('elemType', 'int32')],
    [2, oneOf('shape', 'Shape')],
  ]),
  Shape: new Map([[1, manyOf('dim', 'Dimension')]]),
  Dimension: new Map([
    [1, one('dimValue', 'int64')],
    [2, one('dimParam', 'string')],
  ]),
};
