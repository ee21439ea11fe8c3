import type { OnnxModel } from '../../formats/onnx/schema.ts';

/** A named stage and its tensor. */
export interface Stage {
  readonly name: string;
  readonly tensor: string;
}

/** A network as an ONNX graph, before taps are chosen. */
export interface Network {
  /** `resnet50`, or `onnx` for a user's own file. */
  readonly architecture: string;
  readonly model: OnnxModel;
  readonly input: NetworkInput;
  /** Named stages, in the order of the network. */
  readonly stages: readonly Stage[];
  readonly source: string;
}

export interface NetworkInput {
  readonly name: string;
  /** Input: float32 after torchvision's normalization, or image bytes. */
  readonly form: 'normalized' | 'bytes';
  readonly layout: 'NCHW' | 'NHWC';
  /** `bytes` only: pixels of the mean colour on each side of the crop. */
  readonly padding?: number;
  /** Batch size if the graph fixes it; else absent. */
  readonly batch?: number | undefined;
  /** Side of the square input in pixels if the graph fixes it. */
  readonly crop?: number | undefined;
}
