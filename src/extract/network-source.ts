import { resolve } from 'node:path';
import type { DeviceName } from '../features/manifest.ts';
import type { OnProgress } from '../progress.ts';
import { openBackbone, quantizable } from './backbone/open-backbone.ts';
import { prepareInt8 } from './backbone/quantize/open-int8.ts';
import type { NetworkSource } from './extract.ts';
import { type LoadedWeights, type LoadWeightsOptions, loadWeights } from './weights/load-weights.ts';

export interface NetworkOptions extends Omit<LoadWeightsOptions, 'onProgress'> {
  readonly device: DeviceName;
  /** Threads of one operator; default: the cores that this process may use. */
  readonly threads?: number;
  /** Told while weights are downloaded. */
  readonly onProgress?: OnProgress;
}

/** A network whose weights are read and checked, and what they say of themselves. */
export interface LoadedNetwork extends NetworkSource {
  /** Worth showing once. */
  readonly warnings: readonly string[];
  /** Whether the weights are drawn, not learned. */
  readonly isRandom: boolean;
}

/**
 * Reads what `--weights` names; the network itself is built by `open`, as often as asked for.
 *
 * @throws UserError where the weights are not usable
 */
export async function loadNetwork(weights: string, options: NetworkOptions): Promise<LoadedNetwork> {
  const { onProgress, ...rest } = options;
  const loaded = await loadWeights(weights, {
    ...rest,
    onProgress: ({ receivedBytes, totalBytes }) =>
      onProgress?.({
        stage: `download ${weights}`,
        unit: 'bytes',
        done: receivedBytes,
        ...(totalBytes === undefined ? {} : { total: totalBytes }),
      }),
  });
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  return {
    ...describe(loaded, options.seed ?? 0),
    weights,
    open: (preprocessing, tap, calibration) =>
      openBackbone({
        weights: loaded,
        tap,
        preprocessing,
        device: options.device,
        ...threads,
        ...(calibration === undefined ? {} : { calibration }),
      }),
    prepareInt8: (preprocessing, tap, sample) =>
      prepareInt8({ weights: quantizable(loaded), tap, preprocessing, ...threads }, sample),
  };
}

function describe(loaded: LoadedWeights, seed: number): Omit<LoadedNetwork, 'weights' | 'open' | 'prepareInt8'> {
  const file = loaded.file === undefined ? {} : { weightsFile: resolve(loaded.file) };
  if (loaded.kind === 'onnx') {
    return { architecture: 'onnx', weightsSha256: loaded.sha256, ...file, warnings: [], isRandom: false };
  }
  const { stateDict, warnings, resize } = loaded;
  return {
    architecture: stateDict.architecture,
    weightsSha256: stateDict.sha256,
    ...file,
    ...(resize === undefined ? {} : { resize }),
    warnings,
    isRandom: loaded.file === undefined,
    ...(loaded.file === undefined ? { weightsSeed: seed } : {}),
  };
}
