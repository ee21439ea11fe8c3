/** A convolution without bias and the batch norm behind it, by the names of torchvision's tensors. */
export interface TailConv {
  /** Its kernel is `<conv>.weight`: [outChannels, inChannels, kernel, kernel]. */
  readonly conv: string;
  /** `.weight`, `.bias`, `.running_mean`, `.running_var`, each [outChannels]. */
  readonly norm: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** relu(main path + shortcut), with a relu between the main path's convolutions. */
export interface TailBlock {
  readonly name: string;
  readonly main: readonly TailConv[];
  /** Absent for an identity shortcut. */
  readonly shortcut?: TailConv;
}

export interface TailTensor {
  readonly shape: readonly number[];
  /** C order. */
  readonly data: Float32Array;
}

/** The residual blocks of a network between a tap and the average pool, with their tensors. */
export interface NetworkTail {
  /** The tap: `layer3`. */
  readonly tap: string;
  /** Shape of a row: [channels, height, width] at the tap. */
  readonly mapShape: readonly [channels: number, height: number, width: number];
  readonly blocks: readonly TailBlock[];
  /** Added to a batch norm's variance. */
  readonly normEpsilon: number;
  readonly tensors: ReadonlyMap<string, TailTensor>;
  /** sha256 of the weights file, lower-case hex. */
  readonly weightsSha256: string;
}

/** The structure from which graphs are built, without the tensors' data. */
export type TailShape = Pick<NetworkTail, 'mapShape' | 'blocks' | 'normEpsilon'>;

/** The convolutions in order, a block's main path before its shortcut. */
export function tailConvolutions(blocks: readonly TailBlock[]): readonly TailConv[] {
  return blocks.flatMap(({ main, shortcut }) => (shortcut === undefined ? main : [...main, shortcut]));
}

/** Channels after the last block: features of the last layer. */
export function featureCountOf({ blocks, mapShape }: Pick<TailShape, 'blocks' | 'mapShape'>): number {
  return blocks.at(-1)?.main.at(-1)?.outChannels ?? mapShape[0];
}

export function sideBehind(side: number, { kernel, stride, padding }: TailConv): number {
  return Math.floor((side + 2 * padding - kernel) / stride) + 1;
}
