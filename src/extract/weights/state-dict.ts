/** A tensor of a state dict, as float32 whatever its storage type was; integer tensors (counters) are converted too. */
export interface WeightTensor {
  readonly shape: readonly number[];
  /** C order; length is the product of `shape`. */
  readonly data: Float32Array;
}

/** torchvision's tensor names (`layer1.0.conv1.weight`) to tensors, with where they came from. */
export interface StateDict {
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** File path, or `random (seed 0)`. */
  readonly source: string;
  /** sha256 of the file's bytes, or of the seeded tensors for `random`; lower-case hex. */
  readonly sha256: string;
}
