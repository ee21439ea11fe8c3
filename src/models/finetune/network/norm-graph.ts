import { type Convolution, convolution, type MapRows } from './convolution.ts';
import type { RowOperators } from './row-operators.ts';
import type { TailConv } from './tail.ts';

/** A convolution and its batch norm in the graph of a training step. */
export interface ConvNormLayer {
  readonly output: MapRows;
  /**
   * Adds the gradients of its tensors to the graph, and returns that of its input.
   *
   * @param wanted whether the input's gradient is needed
   */
  backward(gradient: string, wanted: boolean): string | undefined;
}

export interface StepTensors {
  /** Name of its input; kernels are [outChannels, kernel x kernel x inChannels]. */
  value(tensor: string): string;
  gradient(tensor: string): string;
  /** Names of the outputs for a batch's mean and variance, [channels], the variance over all rows (biased). */
  statistics(norm: string): { readonly mean: string; readonly variance: string };
}

/**
 * A convolution and a batch norm with fixed statistics, as in torch's `eval()`: the norm's weight and bias are trained,
 * and folded into the convolution.
 */
export function frozenNorm(
  on: RowOperators,
  input: MapRows,
  conv: TailConv,
  epsilon: number,
  tensors: StepTensors,
): ConvNormLayer {
  const kernels = tensors.value(`${conv.conv}.weight`);
  const weight = tensors.value(`${conv.norm}.weight`);
  const bias = tensors.value(`${conv.norm}.bias`);
  const mean = tensors.value(`${conv.norm}.running_mean`);
  const variance = tensors.value(`${conv.norm}.running_var`);
  const inverse = inverseDeviation(on, variance, epsilon);
  const scale = on.multiply(weight, inverse);
  const scaleColumn = on.reshape(scale, [-1, 1]);
  const folded = on.multiply(kernels, scaleColumn);
  const shift = on.subtract(bias, on.multiply(mean, scale));
  const product = convolution(on, input, conv);
  const rows = product.forward(folded, shift);
  return {
    output: mapBehind(rows, product, conv),
    backward: (gradient, wanted) => {
      const ofFolded = product.kernelGradient(gradient);
      const ofShift = on.sum(gradient, 0, tensors.gradient(`${conv.norm}.bias`));
      on.multiply(ofFolded, scaleColumn, tensors.gradient(`${conv.conv}.weight`));
      const ofScale = on.subtract(on.sum(on.multiply(ofFolded, kernels), 1), on.multiply(mean, ofShift));
      on.multiply(ofScale, inverse, tensors.gradient(`${conv.norm}.weight`));
      return wanted ? product.inputGradient(gradient, folded) : undefined;
    },
  };
}

/** The same with the statistics of the batch, torch's `train()` (Ioffe and Szegedy, 2015). */
export function batchNorm(
  on: RowOperators,
  input: MapRows,
  conv: TailConv,
  epsilon: number,
  tensors: StepTensors,
): ConvNormLayer {
  const kernels = tensors.value(`${conv.conv}.weight`);
  const weight = tensors.value(`${conv.norm}.weight`);
  const bias = tensors.value(`${conv.norm}.bias`);
  const product = convolution(on, input, conv);
  const rows = product.forward(kernels);
  const names = tensors.statistics(conv.norm);
  const mean = on.node('ReduceMean', [rows], { axes: [0], keepdims: 0 }, names.mean);
  const centred = on.subtract(rows, mean);
  const squares = on.multiply(centred, centred);
  const variance = on.node('ReduceMean', [squares], { axes: [0], keepdims: 0 }, names.variance);
  const inverse = inverseDeviation(on, variance, epsilon);
  const normal = on.multiply(centred, inverse);
  return {
    output: mapBehind(on.add(on.multiply(normal, weight), bias), product, conv),
    backward: (gradient, wanted) => {
      const ofBias = on.sum(gradient, 0, tensors.gradient(`${conv.norm}.bias`));
      const ofWeight = on.sum(on.multiply(gradient, normal), 0, tensors.gradient(`${conv.norm}.weight`));
      const count = on.node('Cast', [on.node('Gather', [on.node('Shape', [rows]), on.ints([0])])], { to: 1 });
      const common = on.add(on.node('Div', [ofBias, count]), on.multiply(normal, on.node('Div', [ofWeight, count])));
      const ofRows = on.multiply(on.subtract(gradient, common), on.multiply(weight, inverse));
      product.kernelGradient(ofRows, tensors.gradient(`${conv.conv}.weight`));
      return wanted ? product.inputGradient(ofRows, kernels) : undefined;
    },
  };
}

function inverseDeviation(on: RowOperators, variance: string, epsilon: number): string {
  return on.node('Reciprocal', [on.node('Sqrt', [on.add(variance, on.number(epsilon))])]);
}

function mapBehind(rows: string, { output }: Convolution, { outChannels }: TailConv): MapRows {
  return { rows, sides: output, channels: outChannels };
}
