import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxValueInfo } from '../../formats/onnx/schema.ts';

/**
 * The part of a model that computes the named tensors, which become its outputs in this order. Types and shapes of
 * inner tensors are left to the runtime.
 */
export function pruneTo(model: OnnxModel, tensors: readonly string[]): OnnxModel {
  const { graph } = model;
  const needed = new Set(tensors);
  const kept = [...graph.node].reverse().filter((node) => {
    if (!node.output.some((output) => needed.has(output))) return false;
    for (const input of node.input) needed.add(input);
    for (const input of node.attribute.flatMap(outerValues)) needed.add(input);
    return true;
  });
  const declared = new Map([...graph.valueInfo, ...graph.output, ...graph.input].map((info) => [info.name, info]));
  const output = tensors.map((name): OnnxValueInfo => declared.get(name) ?? { name });
  const initializer = graph.initializer.filter((tensor) => needed.has(tensor.name ?? ''));
  const initialized = new Set(initializer.map((tensor) => tensor.name));
  // Before IR version 4, initializers are also listed as inputs.
  const isKept = ({ name }: OnnxValueInfo): boolean => !isInitializer(graph, name) || initialized.has(name);
  const input = graph.input.filter(isKept);
  const valueInfo = graph.valueInfo.filter(({ name }) => needed.has(name) && !tensors.includes(name));
  return { ...model, graph: { ...graph, node: kept.reverse(), initializer, input, output, valueInfo } };
}

function isInitializer(graph: OnnxGraph, name: string): boolean {
  return graph.initializer.some((tensor) => tensor.name === name);
}

/** Names that a node's subgraphs (If, Loop, Scan) may use from the outer graph. */
function outerValues(attribute: OnnxAttribute): readonly string[] {
  const graphs = attribute.g === undefined ? attribute.graphs : [attribute.g, ...attribute.graphs];
  return graphs.flatMap((graph) => [
    ...graph.output.map(({ name }) => name),
    ...graph.node.flatMap((node) => [...node.input, ...node.attribute.flatMap(outerValues)]),
  ]);
}
