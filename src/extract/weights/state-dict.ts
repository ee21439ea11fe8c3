import type { Architecture } from './resnet.ts';

/** A tensor of a state dict, converted to float32 from any type. */
export interface WeightTensor {
  readonly shape: readonly number[];
  /** C order; length is the product of `shape`. */
  readonly data: Float32Array;
}

/**
 * Tensors by torchvision's names (`layer1.0.conv1.weight`), with their origin. Checked: every needed tensor is present,
 * has the right shape and is finite; `fc.weight` and `fc.bias` are both present or both absent.
 */
export interface StateDict {
  readonly architecture: Architecture;
  /** Rows of `fc.weight`; absent if the file holds no `fc`. */
  readonly classCount?: number | undefined;
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** File path, or `random (resnet50, seed 0)`. */
  readonly source: string;
  /**
   * sha256 of the file's bytes, or of the tensors for `random`; for a non-default state dict of a checkpoint, of the
   * file's sha256, a space and its key. Lower-case hex.
   */
  readonly sha256: string;
}
