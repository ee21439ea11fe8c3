import type { DeviceName, EngineName, Preprocessing } from '../../features/manifest/manifest.ts';

/** A batch of images ready for the network: after resize and crop, before normalization. */
export interface PixelBatch {
  readonly rowCount: number;
  /** Side of the square crop, in pixels. */
  readonly crop: number;
  /** [rowCount, crop, crop, 3], RGB, row by row, in the form that the preprocessing says (`images/samples.ts`). */
  readonly bytesNHWC: Uint8Array;
}

/** One image's worth of shape: without the batch axis. */
export interface Tap {
  /** What the user types: `avgpool`, `layer4`, or a tensor's own name. */
  readonly name: string;
  /** Tensor name in the graph. */
  readonly tensor: string;
  /** [channels, height, width] or [channels]. */
  readonly shape: readonly number[];
}

/** What a tapped tensor held for a batch. */
export interface TapMap {
  readonly rowCount: number;
  /** Shape of one row, e.g. [2048, 7, 7]. */
  readonly rowShape: readonly number[];
  /** [rowCount, ...rowShape], C order. */
  readonly data: Float32Array;
}

/** A frozen network with a tap, or several, on one engine and device. Owns native memory: `close()` it. */
export interface Backbone {
  readonly engine: EngineName;
  readonly engineVersion: string;
  readonly device: DeviceName;
  readonly architecture: string;
  /** The first of its taps: mostly the only one. */
  readonly tap: Tap;
  readonly taps: readonly Tap[];
  readonly preprocessing: Preprocessing;
  /** What the first tap holds for a batch. */
  run(batch: PixelBatch): Promise<TapMap>;
  /** What each tap holds, in the order of `taps`, from one run of the network. */
  runAll(batch: PixelBatch): Promise<readonly TapMap[]>;
  close(): Promise<void>;
}
