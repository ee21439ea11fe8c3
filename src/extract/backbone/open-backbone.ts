import type { DeviceName, Preprocessing } from '../../features/manifest.ts';
import type { StateDict } from '../weights/state-dict.ts';
import type { Backbone } from './backbone.ts';
import type { Network } from './network.ts';
import { openOnnxBackbone } from './onnx-backbone.ts';
import { buildResNet } from './resnet-graph.ts';
import { readUserNetwork } from './user-network.ts';

/** Where a backbone's numbers come from: a ResNet's state dict, or a whole network in a user's own ONNX file. */
export type BackboneWeights =
  | { readonly kind: 'state-dict'; readonly stateDict: StateDict }
  | { readonly kind: 'onnx'; readonly file: string; readonly bytes: Uint8Array };

export interface BackboneOptions {
  readonly weights: BackboneWeights;
  /** `avgpool`, another stage (`stem`, `layer1` … `layer4`, `fc`), or a tensor's own name. */
  readonly tap: string;
  readonly preprocessing: Preprocessing;
  readonly device: DeviceName;
  /** Threads of one operator; default: the cores that this process may use. */
  readonly threads?: number;
}

/** The network of the given weights, before a tap is chosen. `crop`: side of the input, in pixels. */
export function openNetwork(weights: BackboneWeights, crop: number): Network {
  return weights.kind === 'state-dict'
    ? buildResNet(weights.stateDict, crop)
    : readUserNetwork(weights.bytes, weights.file);
}

/**
 * Opens a frozen network, cut off behind its tap, ready to run. `close()` it.
 *
 * @throws UserError when weights, tap and crop do not go together, or the network cannot run on the device
 */
export async function openBackbone(options: BackboneOptions): Promise<Backbone> {
  const network = openNetwork(options.weights, options.preprocessing.crop);
  return openOnnxBackbone(network, options);
}
