import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { type MapRows, positionsOf } from './convolution.ts';
import { graphShapes } from './layout.ts';
import { batchNorm, type ConvNormLayer, frozenNorm } from './norm-graph.ts';
import { type Product, RowOperators } from './row-operators.ts';
import { stepTensors } from './step-tensors.ts';
import { featureCountOf, type TailBlock, type TailConv, type TailShape } from './tail.ts';

/** How a batch norm behaves while the network is trained: by its fixed statistics, or by those of the batch. */
export type BatchNormMode = 'frozen' | 'train';

export interface StepOptions {
  readonly classes: number;
  /** Rows of a batch at most, and one less at least: the scores are a product that has the longer side first. */
  readonly batch: number;
  readonly batchNorm: BatchNormMode;
  /** The first blocks, so many, are run and not trained. */
  readonly frozenBlocks: number;
}

/** What a graph of a training step takes and gives, beside the tensors of the network. */
export const stepNames = { maps: 'maps', targets: 'targets', loss: 'loss' } as const;

/**
 * Adds a training step to a graph: the forward pass from the tap to the loss, and back to the gradient of every tensor
 * that is trained. All tensors are inputs, so that one session serves all steps.
 *
 * Inputs: `maps` [batch, channels, height, width]; `targets` [batch, classes], a row's probabilities times its share of
 * the loss; the tensors of the blocks, kernels as [outChannels, kernel x kernel x inChannels], and `fc.weight`
 * [classes, features], `fc.bias`. Outputs: `loss`, `gradient:<tensor>`, and in the mode `train` the statistics of the
 * batch.
 *
 * @returns the products that it computes
 */
export function addTrainingStep(graph: GraphBuilder, tail: TailShape, options: StepOptions): readonly Product[] {
  const on = new RowOperators(graph);
  const tensors = stepTensors(graph, graphShapes(tail, options.classes));
  const features = featureCountOf(tail);
  let map = inputRows(on, tail);
  const trained: TrainedBlock[] = [];
  for (const [index, block] of tail.blocks.entries()) {
    const isFrozen = index < options.frozenBlocks;
    const normed = isFrozen || options.batchNorm === 'frozen' ? frozenNorm : batchNorm;
    const layer = residual(on, map, block, (input, conv) => normed(on, input, conv, tail.normEpsilon, tensors));
    if (!isFrozen) trained.push(layer);
    map = layer.output;
  }
  const positions = positionsOf(map.sides);
  const images = on.reshape(map.rows, [-1, positions, features]);
  const pooled = on.node('ReduceMean', [images], { axes: [1], keepdims: 0 });
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
  const ofPosition = on.multiply(on.reshape(ofPooled, [-1, 1, features]), on.number(1 / positions));
  const spread = on.throughRelu(ofPosition, images);
  let gradient: string | undefined = on.reshape(spread, [-1, features]);
  for (const [index, layer] of [...trained.entries()].reverse()) {
    // The gradient of the last block's sum is there already: the pool spreads one number over all positions.
    const isLast = index === trained.length - 1;
    const ofSum: string = isLast ? gradient : on.throughRelu(gradient, layer.output.rows);
    gradient = layer.backward(ofSum, index > 0);
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

/** `maps` as rows: [batch x positions, channels]. */
function inputRows(on: RowOperators, { mapShape: [channels, height, width] }: TailShape): MapRows {
  const maps = on.graph.input(stepNames.maps, 'float32', ['batch', channels, height, width]);
  const flat = on.reshape(maps, [-1, channels, height * width]);
  const byPosition = on.node('Transpose', [flat], { perm: [0, 2, 1] });
  return { rows: on.reshape(byPosition, [-1, channels]), sides: { height, width }, channels };
}

interface TrainedBlock {
  readonly output: MapRows;
  /** @param gradient of the sum of both paths, before the relu */
  backward(gradient: string, wanted: boolean): string | undefined;
}

function residual(
  on: RowOperators,
  input: MapRows,
  { main, shortcut }: TailBlock,
  normed: (input: MapRows, conv: TailConv) => ConvNormLayer,
): TrainedBlock {
  const layers: ConvNormLayer[] = [];
  const between: string[] = [];
  let map = input;
  for (const [index, conv] of main.entries()) {
    const layer = normed(map, conv);
    layers.push(layer);
    map = layer.output;
    if (index === main.length - 1) break;
    map = { ...map, rows: on.node('Relu', [map.rows]) };
    between.push(map.rows);
  }
  const side = shortcut === undefined ? undefined : normed(input, shortcut);
  const sum = on.add(map.rows, side === undefined ? input.rows : side.output.rows);
  return {
    output: { ...map, rows: on.node('Relu', [sum]) },
    backward: (gradient, wanted) => {
      const ofSide = side === undefined ? gradient : side.backward(gradient, wanted);
      let ofMain: string | undefined = gradient;
      for (const [index, layer] of [...layers.entries()].reverse()) {
        ofMain = layer.backward(ofMain as string, index > 0 || wanted);
        if (index > 0) ofMain = on.throughRelu(ofMain as string, between[index - 1] as string);
      }
      return ofMain === undefined || ofSide === undefined || !wanted ? undefined : on.add(ofMain, ofSide);
    },
  };
}
