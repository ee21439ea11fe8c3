import type { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import { valueAt } from '../../../system/at.ts';
import { positionsOf } from './convolution.ts';
import { graphShapes } from './layout.ts';
import { batchNorm, type ConvNormLayer, frozenNorm } from './norm-graph.ts';
import { inputRows, meanOfPositions, type ResidualRows, residual } from './residual.ts';
import { type GraphRuns, type Product, RowOperators } from './row-operators.ts';
import { stepTensors } from './step-tensors.ts';
import { featureCountOf, type TailShape } from './tail.ts';

type BatchNormMode = 'frozen' | 'train';

export interface StepOptions extends GraphRuns {
  readonly classes: number;
  readonly batchNorm: BatchNormMode;
  /** Number of leading blocks that are not trained. */
  readonly frozenBlocks: number;
}

/** Inputs and outputs of a training step besides the network's tensors. */
export const stepNames: { readonly targets: 'targets'; readonly loss: 'loss' } = { targets: 'targets', loss: 'loss' };

/**
 * Adds a training step to a graph: forward pass from the tap to the loss, and backward pass to the gradient of every
 * trained tensor. All tensors are inputs, so that one session serves all steps.
 *
 * Inputs: `maps` [batch, channels, height, width]; `targets` [batch, classes], a row's target probabilities times its
 * share of the loss; the tensors of the blocks, kernels as [outChannels, kernel x kernel x inChannels], and `fc.weight`
 * [classes, features], `fc.bias`. Outputs: `loss`, `gradient:<tensor>`, and in mode `train` the batch statistics.
 *
 * @returns the products that it computes
 */
export function addTrainingStep(graph: GraphBuilder, tail: TailShape, options: StepOptions): readonly Product[] {
  // With batch statistics, rounding errors of Winograd's algorithm would exceed 1e-4 of a gradient's length.
  const on = new RowOperators(graph, { winograd: options.batchNorm === 'train' ? false : undefined, ...options });
  const tensors = stepTensors(graph, graphShapes(tail, options.classes));
  const features = featureCountOf(tail);
  let map = inputRows(on, tail);
  const trained: ResidualRows<ConvNormLayer>[] = [];
  for (const [index, block] of tail.blocks.entries()) {
    const isFrozen = index < options.frozenBlocks;
    const normed = isFrozen || options.batchNorm === 'frozen' ? frozenNorm : batchNorm;
    const layer = residual(on, map, block, (input, conv) => normed(on, input, conv, tail.normEpsilon, tensors));
    if (!isFrozen) trained.push(layer);
    map = layer.output;
  }
  const positions = positionsOf(map.sides);
  const byPosition = on.reshape(map.rows, [positions, -1, features]);
  const pooled = meanOfPositions(on, byPosition);
  const weight = tensors.value('fc.weight');
  const logits = addScores(on, pooled, weight, tensors.value('fc.bias'), options);
  const targets = graph.input(stepNames.targets, 'float32', ['batch', options.classes]);

  const logs = on.node('LogSoftmax', [logits], { axis: -1 });
  on.node('Neg', [on.node('ReduceSum', [on.multiply(targets, logs)], { keepdims: 0 })], {}, stepNames.loss);
  graph.output(stepNames.loss, 'float32', []);
  const shares = on.node('ReduceSum', [targets, on.ints([1])], { keepdims: 1 });
  const ofLogits = on.subtract(on.multiply(on.node('Exp', [logs]), shares), targets);
  const fcSize = { rows: options.classes, columns: features };
  on.columnsByColumns(ofLogits, pooled, fcSize, tensors.gradient('fc.weight'));
  on.sum(ofLogits, 0, tensors.gradient('fc.bias'));
  if (trained.length === 0) return on.products;

  const ofPooled = on.rowsByColumns(ofLogits, weight, { rows: { perImage: 1 }, columns: features });
  const ofPosition = on.multiply(on.reshape(ofPooled, [1, -1, features]), on.number(1 / positions));
  const spread = on.throughRelu(ofPosition, byPosition);
  let gradient: string | undefined = on.reshape(spread, [-1, features]);
  for (const [index, layer] of [...trained.entries()].reverse()) {
    // The average pool spreads its gradient evenly over all positions.
    const isLast = index === trained.length - 1;
    const ofSum: string = isLast ? gradient : on.throughRelu(gradient, layer.output.rows);
    gradient = backThrough(on, layer, ofSum, index > 0);
    if (gradient === undefined) break;
  }
  return on.products;
}

/** Class scores [batch, classes] of pooled features [batch, features]. */
function addScores(
  on: RowOperators,
  pooled: string,
  weight: string,
  bias: string,
  { classes, batch }: Pick<StepOptions, 'classes' | 'batch'>,
): string {
  if (classes < batch) return on.rowsByRows(pooled, weight, { rows: { perImage: 1 }, columns: classes }, [bias]);
  const product = on.rowsByRows(weight, pooled, { rows: classes, columns: { perImage: 1 } });
  return on.add(on.node('Transpose', [product], { perm: [1, 0] }), bias);
}

/** Gradient of a block's input from that of its output sum. @param wanted whether the input's gradient is */
function backThrough(
  on: RowOperators,
  { layers, between, side }: ResidualRows<ConvNormLayer>,
  gradient: string,
  wanted: boolean,
): string | undefined {
  const ofSide = side === undefined ? gradient : side.backward(gradient, wanted);
  let ofMain: string | undefined = gradient;
  for (const [index, layer] of [...layers.entries()].reverse()) {
    ofMain = layer.backward(ofMain as string, index > 0 || wanted);
    if (index > 0) ofMain = on.throughRelu(ofMain as string, valueAt(between, index - 1));
  }
  return ofMain === undefined || ofSide === undefined || !wanted ? undefined : on.add(ofMain, ofSide);
}
