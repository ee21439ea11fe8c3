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

/** Where the network comes from: known before it is opened, so that a run without new images never opens it. */
export interface NetworkSource {
  readonly architecture: string;
  readonly weightsSha256: string;
  /** As the user named them. */
  readonly weights: string;
  /** Absolute path of the weights file; absent for `random`. */
  readonly weightsFile?: string | undefined;
  /** The key of the state dict that was taken, where a checkpoint holds several. */
  readonly weightsKey?: string | undefined;
  /** Which of a published network's graphs it is, where it is not the plain one. */
  readonly variant?: string | undefined;
  /** The seed of `random`. */
  readonly weightsSeed?: number | undefined;
  /** Preprocessing that the weights were trained with; absent if they do not say. */
  readonly trainedWith?: TrainedWith | undefined;
  /** What is kept of a network that says so itself; absent: the tap `avgpool` and its mean. */
  readonly reading?: ((asked: AskedReading) => Reading) | undefined;
  /**
   * @param tap several: each is kept of every run
   * @param activationRanges make the network int8
   * @param pool what becomes of every tap's maps: a GPU may take the mean itself
   */
  open(
    preprocessing: Preprocessing,
    tap: string | readonly string[],
    activationRanges?: ActivationRanges,
    pool?: Pool,
  ): Promise<Backbone>;
  /** Calibrates the network on sample images, and compares it in int8 with itself in float32. */
  prepareInt8(preprocessing: Preprocessing, tap: string, sample: Sample): Promise<Int8Preparation>;
}

interface NetworkOptions extends Omit<LoadWeightsOptions, 'onProgress'> {
  /** `auto`: ONNX Runtime; the other one needs to be set up, and asked for by name. */
  readonly engine?: EngineName | 'auto';
  /** `auto` tries the devices when the network is opened. */
  readonly device: DeviceName | 'auto';
  /** Threads of one operator; default: the cores that this process may use. */
  readonly threads?: number | undefined;
  /** Told while weights are downloaded. */
  readonly onProgress?: OnProgress;
  /** What is to be kept of it: refused where the network has no such tensor, before anything is made of it. */
  readonly readings?: readonly AskedReading[] | undefined;
  /** Told which device was taken. */
  readonly onNote?: (line: string) => void;
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
 * @throws UserError if the weights are not usable
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

/** The device to open the network on; undefined if the engine takes what its library runs on. */
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

/** @param option what is made for images of three bytes alone; undefined: nothing of the kind is asked for */
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

/** What weights say of their images, with the number of channels where it is another than three. */
function forChannels(trainedWith: TrainedWith | undefined, channels: number | undefined): TrainedWith | undefined {
  return channels === undefined || channels === 3 ? trainedWith : { ...trainedWith, channels };
}

/** What is kept of a network: as asked, else as the network's makers do, else the mean of `avgpool`. */
export function readingOf(network: Pick<NetworkSource, 'reading'>, { tap, pool }: AskedReading): Reading {
  if (network.reading !== undefined) return network.reading({ tap, pool });
  return { tap: tap ?? 'avgpool', pool: pool ?? 'mean' };
}
