import type { Architecture } from './resnet.ts';

/** A tensor of a state dict, as float32 whatever its storage type was; integer tensors (counters) are converted too. */
export interface WeightTensor {
  readonly shape: readonly number[];
  /** C order; length is the product of `shape`. */
  readonly data: Float32Array;
}

/**
 * torchvision's tensor names (`layer1.0.conv1.weight`) to tensors, with where they came from. Checked: every tensor that
 * the architecture needs is there, in its shape and finite; `fc.weight` and `fc.bias` are both there or both absent.
 */
export interface StateDict {
  readonly architecture: Architecture;
  /** Rows of `fc.weight`; absent if the file holds no `fc`. */
  readonly classCount?: number;
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** File path, or `random (resnet50, seed 0)`. */
  readonly source: string;
  /**
   * sha256 of the file's bytes, or of the seeded tensors for `random`; of a checkpoint's state dict that is not the one
   * usually meant, of the file's sha256, a space and its key. Lower-case hex.
   */
  readonly sha256: string;
}
