import type { DeviceName, EngineName, Preprocessing } from '../../features/manifest/manifest.ts';
import { valueAt } from '../../system/at.ts';

/** A batch of images ready for the network: after resize and crop, before normalization. */
export interface PixelBatch {
  readonly rowCount: number;
  readonly crop: number;
  /** [rowCount, crop, crop, 3], RGB, row by row, in the format given by the preprocessing (`images/samples.ts`). */
  readonly bytesNHWC: Uint8Array;
}

/** A tensor of the network to extract; shapes are without the batch axis. */
export interface Tap {
  readonly name: string;
  readonly tensor: string;
  /** [channels, height, width] or [channels]. */
  readonly shape: readonly number[];
}

/** Values of a tapped tensor for a batch. */
export interface TapMap {
  readonly rowCount: number;
  readonly rowShape: readonly number[];
  /** [rowCount, ...rowShape], C order. */
  readonly data: Float32Array;
}

/** A frozen network with one or several taps, on an engine and device. Owns native memory: `close()` it. */
export interface Backbone {
  readonly engine: EngineName;
  readonly engineVersion: string;
  readonly device: DeviceName;
  readonly architecture: string;
  readonly tap: Tap;
  readonly taps: readonly Tap[];
  readonly preprocessing: Preprocessing;
  /** Values of the first tap for a batch. */
  run(batch: PixelBatch): Promise<TapMap>;
  runAll(batch: PixelBatch): Promise<readonly TapMap[]>;
  close(): Promise<void>;
}

/** A backbone that serializes its runs, because they share buffers of the engine; `close` waits for the last run. */
export function serialBackbone(
  properties: Omit<Backbone, 'tap' | 'run' | 'runAll' | 'close'>,
  runTaps: (batch: PixelBatch) => Promise<readonly TapMap[]>,
  release: () => Promise<void> | void,
): Backbone {
  let last: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | undefined;
  const runAll = (batch: PixelBatch): Promise<readonly TapMap[]> => {
    const result = last.then(() => runTaps(batch));
    last = result.catch(() => undefined);
    return result;
  };
  return {
    ...properties,
    tap: valueAt(properties.taps, 0),
    run: async (batch) => valueAt(await runAll(batch), 0),
    runAll,
    close: () => {
      closed ??= last.then(release);
      return closed;
    },
  };
}
