import { valueAt } from '../../system/at.ts';
import {
  attributeTypes,
  type DataType,
  dataTypes,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from './schema.ts';
import { encodeTensor, type TensorValue } from './tensor.ts';

/** A FLOAT attribute: plain numbers and lists of them are INT and INTS. */
interface FloatAttribute {
  readonly float: number;
}

/**
 * An attribute's value: a whole number is INT, `{ float }` FLOAT, a string STRING, number[] INTS, Float32Array FLOATS,
 * string[] STRINGS, a tensor TENSOR, a graph GRAPH.
 */
type AttributeValue =
  | number
  | bigint
  | string
  | FloatAttribute
  | readonly number[]
  | readonly string[]
  | Float32Array
  | TensorValue
  | { readonly graph: OnnxGraph };

type ConstantData = Float32Array | Float64Array | Int8Array | Uint8Array | Int32Array | BigInt64Array;

const constantTypes: ReadonlyMap<unknown, DataType> = new Map<unknown, DataType>([
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int8Array, 'int8'],
  [Uint8Array, 'uint8'],
  [Int32Array, 'int32'],
  [BigInt64Array, 'int64'],
]);

/** A dimension: its extent, or the name of a dynamic one. */
export type Dimension = number | string;

interface NodeOptions {
  readonly name?: string;
  /** Names of the outputs; default: one, made from the operator's name. */
  readonly outputs?: readonly string[] | undefined;
  /** '' or absent: ONNX's own operators; `ai.onnx.ml` for TreeEnsembleClassifier and its like. */
  readonly domain?: string;
}

interface ModelOptions {
  /** Version per domain; default: ONNX's own set at 17. */
  readonly opsets?: Readonly<Record<string, number>>;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Opset of ONNX 1.12, which all recent runtimes support and whose QuantizeLinear has an axis. */
export const defaultOpset = 17;

/** Builds an ONNX graph. Values are names: `node` returns the name of its output. */
export class GraphBuilder {
  readonly name: string;
  private readonly nodes: OnnxNode[] = [];
  private readonly initializers: OnnxTensor[] = [];
  private readonly inputs: OnnxValueInfo[] = [];
  private readonly outputs: OnnxValueInfo[] = [];
  private readonly names = new Set<string>();

  constructor(name: string) {
    this.name = name;
  }

  input(name: string, type: DataType, shape: readonly Dimension[]): string {
    this.inputs.push(valueInfo(name, type, shape));
    return this.claim(name);
  }

  /** Adds a constant tensor: a view of its data, which must not change before the model is encoded. */
  initializer(name: string, value: TensorValue): string {
    this.initializers.push(encodeTensor(name, value));
    return this.claim(name);
  }

  /** Adds a constant of the type of its array; a vector unless a shape is given. */
  constant(name: string, data: ConstantData, shape: readonly number[] = [data.length]): string {
    const type = constantTypes.get(data.constructor) as DataType;
    return this.initializer(name, { type, shape, data } as TensorValue);
  }

  /** Adds a node with one output and returns the output's name. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    options: NodeOptions = {},
  ): string {
    return valueAt(this.nodeWithOutputs(opType, inputs, attributes, options), 0);
  }

  /** Adds a node and returns the names of all its outputs. */
  nodeWithOutputs(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    options: NodeOptions = {},
  ): readonly string[] {
    const outputs = options.outputs ?? [this.freshName(opType)];
    for (const output of outputs) if (output !== '') this.claim(output);
    this.nodes.push({
      name: options.name ?? `${opType}:${outputs[0]}`,
      opType,
      ...(options.domain === undefined || options.domain === '' ? {} : { domain: options.domain }),
      input: inputs,
      output: outputs,
      attribute: Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value)),
    });
    return outputs;
  }

  output(name: string, type: DataType, shape: readonly Dimension[]): void {
    this.outputs.push(valueInfo(name, type, shape));
  }

  graph(): OnnxGraph {
    return {
      name: this.name,
      node: [...this.nodes],
      initializer: [...this.initializers],
      input: [...this.inputs],
      output: [...this.outputs],
      valueInfo: [],
    };
  }

  model(options: ModelOptions = {}): OnnxModel {
    return {
      // That of ONNX 1.13, valid for opsets up to 18.
      irVersion: 8,
      producerName: 'featuretap',
      graph: this.graph(),
      opsetImport: Object.entries(options.opsets ?? { '': defaultOpset }).map(([domain, version]) => ({
        ...(domain === '' ? {} : { domain }),
        version,
      })),
      metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    };
  }

  private claim(name: string): string {
    if (this.names.has(name)) throw new Error(`the graph ${this.name} already has a value named ${name}`);
    this.names.add(name);
    return name;
  }

  private freshName(opType: string): string {
    let count = this.nodes.length;
    while (this.names.has(`${opType}_${count}`)) count++;
    return `${opType}_${count}`;
  }
}

function valueInfo(name: string, type: DataType, shape: readonly Dimension[]): OnnxValueInfo {
  const dim = shape.map((extent) => (typeof extent === 'number' ? { dimValue: extent } : { dimParam: extent }));
  return { name, type: { tensorType: { elemType: dataTypes[type], shape: { dim } } } };
}

function encodeAttribute(name: string, value: AttributeValue): OnnxAttribute {
  const none = { name, floats: [], ints: [], strings: [], tensors: [], graphs: [] };
  const encoder = new TextEncoder();
  if (typeof value === 'number' || typeof value === 'bigint') {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new Error(`attribute ${name} is ${value}: write { float: ${value} } for a FLOAT`);
    }
    return { ...none, type: attributeTypes.int, i: value };
  }
  if (typeof value === 'string') return { ...none, type: attributeTypes.string, s: encoder.encode(value) };
  if (value instanceof Float32Array) return { ...none, type: attributeTypes.floats, floats: [...value] };
  if (isList(value)) {
    const strings = value.filter((item) => typeof item === 'string');
    if (strings.length > 0) {
      return { ...none, type: attributeTypes.strings, strings: strings.map((item) => encoder.encode(item)) };
    }
    return { ...none, type: attributeTypes.ints, ints: value as readonly number[] };
  }
  if ('float' in value) return { ...none, type: attributeTypes.float, f: value.float };
  if ('graph' in value) return { ...none, type: attributeTypes.graph, g: value.graph };
  return { ...none, type: attributeTypes.tensor, t: encodeTensor(name, value) };
}

function isList(value: AttributeValue): value is readonly number[] | readonly string[] {
  return Array.isArray(value);
}
