import type { DeviceName, EngineName, Pool, Preprocessing } from '../../features/manifest/manifest.ts';
import type { ReadExternal } from '../../formats/onnx/decode.ts';
import { UserError, usageError } from '../../system/errors.ts';
import type { StateDict } from '../weights/state-dict.ts';
import type { Backbone } from './backbone.ts';
import { openOnGpu } from './gpu/open-on-gpu.ts';
import type { Network } from './network.ts';
import { openOnnxBackbone } from './onnx-backbone.ts';
import type { ActivationRanges } from './quantize/activation-ranges.ts';
import { buildInt8ResNet } from './quantize/int8-graph.ts';
import { openInt8Backbone } from './quantize/open-int8.ts';
import { int8Graph, openInt8Graph } from './quantize/open-int8-graph.ts';
import { buildResNet } from './resnet-graph.ts';
import { loadTensorFlow } from './tensorflow/load-tensorflow.ts';
import { openTensorFlowBackbone } from './tensorflow/tensorflow-backbone.ts';
import { readUserNetwork } from './user-network.ts';

/** Weights of a backbone: a ResNet's state dict, or a user's own ONNX network. */
export type BackboneWeights =
  | { readonly kind: 'state-dict'; readonly stateDict: StateDict }
  | {
      readonly kind: 'onnx';
      readonly file: string;
      readonly bytes: Uint8Array;
      readonly readExternal?: ReadExternal;
    };

interface BackboneOptions {
  readonly weights: BackboneWeights;
  /**
   * `avgpool`, another stage (`stem`, `layer1` … `layer4`, `fc`), or a tensor's own name; or several, without
   * repetition.
   */
  readonly tap: string | readonly string[];
  readonly preprocessing: Preprocessing;
  /** Default `onnx`. */
  readonly engine?: EngineName;
  /** Default: the CPU for ONNX Runtime; the library's device for TensorFlow. */
  readonly device?: DeviceName | undefined;
  /** Threads per operator; default: the cores that this process may use. */
  readonly threads?: number | undefined;
  /** Pooling of the tap's maps: a GPU may compute the mean itself, and `run` then returns vectors. Default: maps. */
  readonly pool?: Pool | undefined;
  /** Of `prepareInt8`: makes the network int8. */
  readonly activationRanges?: ActivationRanges | undefined;
  /** Called with notes about a user's own graph. */
  readonly onNote?: ((line: string) => void) | undefined;
}

/** The network of the given weights, before a tap is chosen. `crop`: side of the input, in pixels. */
export function openNetwork(weights: BackboneWeights, crop: number): Network {
  return weights.kind === 'state-dict'
    ? buildResNet(weights.stateDict, crop)
    : readUserNetwork(weights.bytes, weights.file, weights.readExternal);
}

/**
 * Opens a frozen network, truncated after its tap. `close()` it.
 *
 * @throws UserError if weights, tap and crop do not match, or the network cannot run on the device
 */
export async function openBackbone(options: BackboneOptions): Promise<Backbone> {
  return engines[options.engine ?? 'onnx'](options);
}

const engines: Readonly<Record<EngineName, (options: BackboneOptions) => Promise<Backbone>>> = {
  onnx: openOnnx,
  tensorflow: openTensorFlow,
};

async function openOnnx(options: BackboneOptions): Promise<Backbone> {
  const { weights, tap, activationRanges, preprocessing, device = 'cpu' } = options;
  if (activationRanges !== undefined) {
    if (typeof tap !== 'string') throw usageError('--tap', tap.join(), 'one tap with --precision int8');
    if (weights.kind === 'onnx')
      return openInt8Graph(openNetwork(weights, preprocessing.crop), { ...options, tap }, activationRanges);
    return openInt8Backbone({ ...options, tap, weights: weights.stateDict }, activationRanges);
  }
  // A user's own int8 graph may saturate on x86 without VNNI.
  const own = weights.kind === 'onnx';
  const network = openNetwork(weights, preprocessing.crop);
  const settings = { ...options, device, exactProducts: own, prove: own };
  return device === 'cuda'
    ? openOnGpu(network, { ...settings, pool: own ? undefined : options.pool })
    : openOnnxBackbone(network, settings);
}

async function openTensorFlow(options: BackboneOptions): Promise<Backbone> {
  const { weights, activationRanges, preprocessing } = options;
  if (weights.kind === 'onnx')
    throw new UserError({
      what: 'The tensorflow engine runs ResNets from a state dict, not ONNX graphs',
      where: weights.file,
      expected: 'a .safetensors or .pth file',
      fix: '--engine onnx',
    });
  if (activationRanges !== undefined)
    throw usageError('--precision', 'int8 with --engine tensorflow', 'float32, or --engine onnx');
  const tf = await loadTensorFlow();
  return openTensorFlowBackbone(tf, weights.stateDict, openNetwork(weights, preprocessing.crop), options);
}

/** The int8 network; a user's own graph is truncated after its tap. */
export function openInt8Network(
  weights: BackboneWeights,
  { preprocessing, tap }: { readonly preprocessing: Preprocessing; readonly tap: string },
  activationRanges: ActivationRanges,
): Network {
  return weights.kind === 'onnx'
    ? int8Graph(openNetwork(weights, preprocessing.crop), tap, activationRanges)
    : buildInt8ResNet(weights.stateDict, preprocessing, activationRanges);
}
