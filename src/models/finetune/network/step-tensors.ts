import type { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import { lookUp } from '../../../system/at.ts';
import type { StepTensors } from './norm-graph.ts';

export function gradientOf(tensor: string): string {
  return `gradient:${tensor}`;
}

export function statisticsOf(norm: string): { readonly mean: string; readonly variance: string } {
  return { mean: `mean:${norm}`, variance: `variance:${norm}` };
}

/** Declares tensors as inputs, gradients and statistics as outputs of a graph. */
export function stepTensors(graph: GraphBuilder, shapes: ReadonlyMap<string, readonly number[]>): StepTensors {
  const known = new Set<string>();
  const shapeOf = (tensor: string): readonly number[] => lookUp(shapes, tensor);
  const put = (name: string, shape: readonly number[]): string => {
    graph.output(name, 'float32', shape);
    return name;
  };
  return {
    value: (tensor) => {
      if (!known.has(tensor)) graph.input(tensor, 'float32', shapeOf(tensor));
      known.add(tensor);
      return tensor;
    },
    gradient: (tensor) => put(gradientOf(tensor), shapeOf(tensor)),
    statistics: (norm) => {
      const { mean, variance } = statisticsOf(norm);
      const shape = shapeOf(`${norm}.weight`);
      return { mean: put(mean, shape), variance: put(variance, shape) };
    },
  };
}
