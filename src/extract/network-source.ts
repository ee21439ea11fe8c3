import { resolve } from 'node:path';
import type { DeviceName, EngineName, Pool, Preprocessing } from '../features/manifest/manifest.ts';
import { usageError } from '../system/errors.ts';
import { ownCommand } from '../system/own-command.ts';
import type { OnProgress } from '../system/progress.ts';
import type { Backbone } from './backbone/backbone.ts';
import { chooseDevice } from './backbone/devices/devices.ts';
import { openBackbone, openNetwork } from './backbone/open-backbone.ts';
import type { ActivationRanges } from './backbone/quantize/activation-ranges.ts';
import type { Sample } from './backbone/quantize/calibrate.ts';
import { type Int8Preparation, prepareInt8 } from './backbone/quantize/open-int8.ts';
import { prepareInt8Graph } from './backbone/quantize/open-int8-graph.ts';
import { checkResNetTap } from './backbone/resnet-taps.ts';
import { resolveTap } from './backbone/taps.ts';
import { readUserNetwork } from './backbone/user-network.ts';
import type { TrainedWith } from './weights/hub/preprocessor-config.ts';
import type { AskedReading, Reading } from './weights/hub/reading.ts';
import { type LoadedWeights, type LoadWeightsOptions, loadWeights } from './weights/load-weights.ts';
import { planResNet } from './weights/resnet.ts';

/** A network before it is opened; a run without new images never opens it. */
export interface NetworkSource {
  readonly architecture: string;
  readonly weightsSha256: string;
  readonly weights: string;
  /** Absolute path of the weights file; absent for `random`. */
  readonly weightsFile?: string | undefined;
  /** Key of the state dict used, if a checkpoint has several. */
  readonly weightsKey?: string | undefined;
  /** Variant of a published network's graph, if not the default one. */
  readonly variant?: string | undefined;
  /** The seed of `random`. */
  readonly weightsSeed?: number | undefined;
  /** Preprocessing from the weights' files; absent if unknown. */
  readonly trainedWith?: TrainedWith | undefined;
  /** Tap and pool of a network with its own defaults; absent: `avgpool` and its mean. */
  readonly reading?: ((asked: AskedReading) => Reading) | undefined;
  /** @param pool pooling of the taps' maps: a GPU may compute the mean itself */
  open(
    preprocessing: Preprocessing,
    tap: string | readonly string[],
    activationRanges?: ActivationRanges,
    pool?: Pool,
  ): Promise<Backbone>;
  prepareInt8(preprocessing: Preprocessing, tap: string, sample: Sample): Promise<Int8Preparation>;
}

interface NetworkOptions extends Omit<LoadWeightsOptions, 'onProgress'> {
  /** `auto`: ONNX Runtime; TensorFlow must be named. */
  readonly engine?: EngineName | 'auto';
  /** `auto` tries the devices when the network is opened. */
  readonly device: DeviceName | 'auto';
  /** Threads of one operator; default: the cores that this process may use. */
  readonly threads?: number | undefined;
  readonly onProgress?: OnProgress;
  /** Taps and pools to check as soon as the network is known. */
  readonly readings?: readonly AskedReading[] | undefined;
  /** Called with the chosen device. */
  readonly onNote?: (line: string) => void;
}

/** A network whose weights have been read and checked. */
export interface LoadedNetwork extends NetworkSource {
  readonly warnings: readonly string[];
  readonly isRandom: boolean;
}

/**
 * Loads the weights of `--weights`; `open` builds the network, as often as called.
 *
 * @throws UserError if the weights are invalid
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
        total: totalBytes,
      }),
  });
  const { threads, readings = [{}] } = options;
  // Says which options there are, before any image is read.
  for (const asked of readings) {
    const { tap } = loaded.kind === 'onnx' ? (loaded.published?.reading(asked) ?? asked) : asked;
    if (tap !== undefined) checkTap(loaded, tap, weights);
  }
  const engine = options.engine === undefined || options.engine === 'auto' ? 'onnx' : options.engine;
  return {
    ...describe(loaded, options.seed ?? 0),
    weights: loaded.kind === 'onnx' ? (loaded.pinned ?? weights) : weights,
    open: async (preprocessing, tap, activationRanges, pool) => {
      if (activationRanges !== undefined) checkInt8(options);
      checkRGB(engine === 'tensorflow' ? '--engine tensorflow' : undefined, preprocessing);
      const device = activationRanges === undefined ? await openDevice(engine, options) : 'cpu';
      return openBackbone({
        weights: loaded,
        tap,
        preprocessing,
        engine,
        device,
        threads,
        activationRanges,
        pool,
        onNote: options.onNote,
      });
    },
    prepareInt8: async (preprocessing, tap, sample) => {
      checkInt8(options);
      if (loaded.kind === 'onnx') {
        const weightsSha256 = loaded.sha256;
        const options = { tap, preprocessing, threads, weightsSha256 };
        return prepareInt8Graph(openNetwork(loaded, preprocessing.crop), options, sample);
      }
      checkRGB('--precision int8', preprocessing);
      return prepareInt8({ weights: loaded.stateDict, tap, preprocessing, threads }, sample);
    },
  };
}

function checkTap(loaded: LoadedWeights, tap: string, weights: string): void {
  if (loaded.kind === 'onnx') resolveTap(readUserNetwork(loaded.bytes, loaded.file, loaded.readExternal), tap);
  else checkResNetTap(loaded.stateDict.architecture, loaded.stateDict.classCount, tap, weights);
}

async function openDevice(engine: EngineName, options: NetworkOptions): Promise<DeviceName | undefined> {
  if (engine !== 'onnx') return options.device === 'auto' ? undefined : options.device;
  const { device, passedOver } = await chooseDevice(options.device);
  if (options.device === 'auto') {
    const why = device === 'cpu' && passedOver.length > 0 ? ` (${ownCommand('devices')} shows why no GPU is used)` : '';
    options.onNote?.(`device: ${device}${why}`);
  }
  return device;
}

/** Int8 graphs are for the CPU: GPUs run their quantize and dequantize steps one by one. */
function checkInt8({ device, engine = 'auto' }: NetworkOptions): void {
  if (device !== 'auto' && device !== 'cpu') {
    throw usageError(
      '--precision',
      `int8 with --device ${device}`,
      'int8 on the CPU',
      `--device cpu, or --precision float32`,
    );
  }
  if (engine !== 'auto' && engine !== 'onnx') {
    throw usageError('--precision', `int8 with --engine ${engine}`, 'float32, or --engine onnx');
  }
}

/** @param option an option that only applies to RGB images; undefined if none is given */
function checkRGB(option: string | undefined, { channels = 3 }: Preprocessing): void {
  if (option === undefined || channels === 3) return;
  throw usageError(
    option,
    `a network for images of ${channels} ${channels === 1 ? 'channel' : 'channels'}`,
    'one for RGB images',
    `leave ${option} out`,
  );
}

function describe(loaded: LoadedWeights, seed: number): Omit<LoadedNetwork, 'weights' | 'open' | 'prepareInt8'> {
  const weightsFile = loaded.file && resolve(loaded.file);
  if (loaded.kind === 'onnx') {
    const { published, sha256, variant, channels, warnings = [] } = loaded;
    return {
      architecture: published?.architecture ?? 'onnx',
      weightsSha256: sha256,
      weightsFile,
      trainedWith: forChannels(published?.trainedWith, channels),
      reading: published && ((asked) => published.reading(asked)),
      variant,
      warnings,
      isRandom: false,
    };
  }
  const { stateDict, warnings, trainedWith, key } = loaded;
  return {
    architecture: stateDict.architecture,
    weightsSha256: stateDict.sha256,
    weightsFile,
    weightsKey: key,
    weightsSeed: loaded.file === undefined ? seed : undefined,
    trainedWith: forChannels(trainedWith, planResNet(stateDict.architecture).stem.inChannels),
    warnings,
    isRandom: loaded.file === undefined,
  };
}

/** Preprocessing of the weights, with the number of channels if it is not three. */
function forChannels(trainedWith: TrainedWith | undefined, channels: number | undefined): TrainedWith | undefined {
  return channels === undefined || channels === 3 ? trainedWith : { ...trainedWith, channels };
}

/** Tap and pool of a network: as given, else its own defaults, else the mean of `avgpool`. */
export function readingOf(network: Pick<NetworkSource, 'reading'>, { tap, pool }: AskedReading): Reading {
  if (network.reading !== undefined) return network.reading({ tap, pool });
  return { tap: tap ?? 'avgpool', pool: pool ?? 'mean' };
}
