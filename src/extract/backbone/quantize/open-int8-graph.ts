import { UserError } from '../../../system/errors.ts';
import type { Backbone } from '../backbone.ts';
import type { Network } from '../network.ts';
import { openOnnxBackbone } from '../onnx-backbone.ts';
import { pruneTo } from '../prune.ts';
import { resolveTap } from '../taps.ts';
import type { ActivationRanges } from './activation-ranges.ts';
import { calibrateGraph, type Sample } from './calibrate.ts';
import { graphLayers, layerTensors } from './graph-layers.ts';
import { type Int8Options, type Int8Preparation, openCompared } from './open-int8.ts';
import { quantizeGraph } from './quantize-graph.ts';

type Int8GraphOptions = Omit<Int8Options, 'weights'>;

/** The oldest of ONNX's operator sets that has QLinearConv and MatMulInteger. */
const oldestOpset = 10;

/**
 * A user's own graph, cut after its tap, in int8. @throws UserError if the activation ranges belong to another graph
 */
export function int8Graph(network: Network, tap: string, activationRanges: Pick<ActivationRanges, 'ranges'>): Network {
  return quantizeGraph(cutOff(network, tap), activationRanges);
}

/** Opens a user's own graph quantized by activation ranges measured before; on the CPU. */
export function openInt8Graph(
  network: Network,
  options: Int8GraphOptions,
  activationRanges: ActivationRanges,
): Promise<Backbone> {
  const quantized = int8Graph(network, options.tap, activationRanges);
  return openOnnxBackbone(quantized, { ...options, device: 'cpu', prove: true });
}

/**
 * Calibrates a user's own graph on sample images, quantizes it, and compares both on the same images.
 *
 * @throws UserError if nothing of it can be quantized, or the quantized features are too far from the float32 ones
 */
export async function prepareInt8Graph(
  network: Network,
  options: Int8GraphOptions & { readonly weightsSha256: string },
  sample: Sample,
): Promise<Int8Preparation> {
  const { tap, weightsSha256 } = options;
  const cut = cutOff(network, tap);
  const layers = graphLayers(cut.model.graph, network.input.name);
  const opset = Number(cut.model.opsetImport.find(({ domain = '' }) => domain === '')?.version ?? 0);
  if (layers.length === 0 || opset < oldestOpset)
    throw new UserError({
      what: 'int8 cannot be made of this graph',
      where: network.source,
      found: layers.length === 0 ? 'no MatMul, Gemm or Conv with float32 weights of its own' : `opset ${opset}`,
      expected: layers.length === 0 ? 'some behind the one that reads the images' : `opset ${oldestOpset} or newer`,
      fix: '--precision float32',
      exitCode: 2,
    });
  const observed = layerTensors(layers);
  const calibrated = await calibrateGraph(cut, { ...options, tap: resolveTap(cut, tap), sample, observed });
  const quantized = quantizeGraph(cut, calibrated.measurements);
  const { architecture } = network;
  return openCompared(quantized, { ...options, prove: true }, sample, { ...calibrated, architecture, weightsSha256 });
}

function cutOff(network: Network, tap: string): Network {
  const tensor = resolveTap(network, tap);
  return {
    ...network,
    model: pruneTo(network.model, [tensor]),
    stages: network.stages.filter((stage) => stage.tensor === tensor),
  };
}
