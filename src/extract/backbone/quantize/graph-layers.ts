import type { OnnxGraph, OnnxNode } from '../../../formats/onnx/schema.ts';
import { decodeTensor, type TensorValue } from '../../../formats/onnx/tensor.ts';
import { transpose } from '../../../numerics/arrays.kernel.ts';
import { valueAt } from '../../../system/at.ts';

/** A float32 tensor that is part of the graph. */
type Weights = Extract<TensorValue, { readonly type: 'float32' }>;

/** A MatMul, Gemm or Conv with constant weights, which can run in int8. */
export interface GraphLayer {
  readonly node: OnnxNode;
  readonly input: string;
  /** [inputs, outputs] of a matrix product; [outputs, inputs / groups, height, width] of a convolution. */
  readonly weights: Weights;
  readonly bias: Weights | undefined;
  /** For a convolution: the output tensor stored as bytes, after its ReLU if it has one. */
  readonly output: string;
  /** The ReLU after the convolution. */
  readonly relu?: OnnxNode | undefined;
}

/**
 * The nodes of a graph that can run in int8: MatMul, Gemm and Conv whose weights are float32 constants. Nodes that read
 * the images themselves stay in float32: they are little of the work, and all other layers depend on them.
 */
export function graphLayers(graph: OnnxGraph, image: string): readonly GraphLayer[] {
  const constantOf = constants(graph);
  const readers = new Map<string, OnnxNode[]>();
  for (const node of graph.node)
    for (const input of new Set(node.input)) readers.set(input, [...(readers.get(input) ?? []), node]);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const images = new Set([image]);
  // Exporters put casts after the input.
  for (const { opType, input, output } of graph.node)
    if ((opType === 'Cast' || opType === 'Identity') && images.has(input[0] ?? '')) images.add(output[0] ?? '');

  return graph.node.flatMap((node): GraphLayer[] => {
    const [input = '', second = '', third = ''] = node.input;
    const [output = ''] = node.output;
    const weights = constantOf(second);
    if (weights === undefined || images.has(input) || input === '' || constantOf(input) !== undefined) return [];
    const layer = { node, input, output, bias: constantOf(third) };
    if (third !== '' && layer.bias === undefined) return [];
    if (node.opType === 'MatMul' && weights.shape.length === 2) return [{ ...layer, weights }];
    if (node.opType === 'Gemm' && isPlainGemm(node) && weights.shape.length === 2)
      return [{ ...layer, weights: whole(node, 'transB') === 1 ? transposed(weights) : weights }];
    if (node.opType !== 'Conv' || weights.shape.length !== 4) return [];
    const [reader, ...more] = readers.get(output) ?? [];
    const isAlone = more.length === 0 && !outputs.has(output);
    if (reader?.opType !== 'Relu' || !isAlone) return [{ ...layer, weights }];
    return [{ ...layer, weights, relu: reader, output: valueAt(reader.output, 0) }];
  });
}

function constants(graph: OnnxGraph): (name: string) => Weights | undefined {
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const { opType, output, attribute } of graph.node) {
    const tensor = opType === 'Constant' ? attribute.find(({ name }) => name === 'value')?.t : undefined;
    if (tensor !== undefined) tensors.set(output[0], tensor);
  }
  return (name) => {
    const tensor = tensors.get(name);
    const value = tensor === undefined || name === '' ? undefined : decodeTensor(tensor);
    return value?.type === 'float32' ? value : undefined;
  };
}

function whole(node: OnnxNode, name: string): number {
  return Number(node.attribute.find((attribute) => attribute.name === name)?.i ?? 0);
}

/** One that adds the whole product to the whole bias. */
function isPlainGemm(node: OnnxNode): boolean {
  const factor = (name: string): number => node.attribute.find((attribute) => attribute.name === name)?.f ?? 1;
  return factor('alpha') === 1 && factor('beta') === 1 && whole(node, 'transA') === 0;
}

/** @param matrix [rows, columns] */
export function transposed({ type, shape, data }: Weights): Weights {
  const [rows = 0, columns = 0] = shape;
  return { type, shape: [columns, rows], data: transpose(data, rows, columns, new Float32Array(data.length)) };
}

/** The tensors whose ranges a quantized graph needs. */
export function layerTensors(layers: readonly GraphLayer[]): readonly string[] {
  return [
    ...new Set(layers.flatMap(({ node, input, output }) => (node.opType === 'Conv' ? [input, output] : [input]))),
  ];
}
