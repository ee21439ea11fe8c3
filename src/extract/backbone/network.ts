import type { OnnxModel } from '../../formats/onnx/schema.ts';

/** A name that users type and the tensor that it means. */
export interface Stage {
  readonly name: string;
  readonly tensor: string;
}

/** A network as an ONNX graph of its own, before a tap is chosen and before anything runs. */
export interface Network {
  /** `resnet50`, or `onnx` for a user's own file. */
  readonly architecture: string;
  readonly model: OnnxModel;
  readonly input: NetworkInput;
  /** Named stages, in the order of the network. */
  readonly stages: readonly Stage[];
  /** What errors name: a file's path, or `random (seed 0)`. */
  readonly source: string;
}

export interface NetworkInput {
  readonly name: string;
  /** Float32 after torchvision's normalization, or the image's own bytes. */
  readonly form: 'normalized' | 'bytes';
  readonly layout: 'NCHW' | 'NHWC';
  /** `bytes` only: pixels of the mean colour on each side of the crop. */
  readonly padding?: number;
  /** Rows per run where the graph fixes them; absent if any number goes. */
  readonly batch?: number | undefined;
  /** Side of the square input in pixels where the graph fixes it. */
  readonly crop?: number | undefined;
}
