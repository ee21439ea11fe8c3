import type * as ort from 'onnxruntime-node';
import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import { encodeModel } from '../../../formats/onnx/encode.ts';
import { lookUp } from '../../../system/at.ts';
import { float32Of } from '../../../system/onnx-runtime.ts';
import { planResNet } from '../../weights/resnet.ts';
import type { StateDict } from '../../weights/state-dict.ts';
import type { PixelBatch, TapMap } from '../backbone.ts';
import { createFeed } from '../feed.ts';
import type { Network } from '../network.ts';
import { openSession } from '../ort-session.ts';
import { pruneTo } from '../prune.ts';
import { bytesTensor, convInputs, type Measurements, observedTensors, type Range } from './activation-ranges.ts';
import { emptyObservation, type Observation, observe, quantizationError } from './observe.kernel.ts';

/** Values sampled per tensor and image; more changed none of the ranges tried. */
const valuesPerTensor = 16_000;

export interface Sample {
  readonly seed: number;
  /** SHA-256 of each file, one per row of `pixels`. */
  readonly images: readonly string[];
  readonly pixels: PixelBatch;
}

interface CalibrateOptions {
  readonly weights: StateDict;
  readonly preprocessing: Preprocessing;
  readonly sample: Sample;
  /** A tensor whose float32 values are kept for comparison with the quantized network's. */
  readonly tap: string;
  readonly threads?: number | undefined;
}

export interface Calibrated {
  readonly measurements: Measurements;
  /** The tap's float32 values for the sample images. */
  readonly tapped: TapMap;
}

/**
 * Runs a float32 ResNet over sample images and measures what quantization needs: the range of every tensor that will be
 * stored as bytes (minimum mean squared error) and the mean per channel of every convolution's input.
 */
export async function calibrate(network: Network, options: CalibrateOptions): Promise<Calibrated> {
  const { weights, sample } = options;
  const plan = planResNet(weights.architecture);
  const inputs = [...new Set(convInputs(plan).map(({ input }) => input))].filter((name) => name !== bytesTensor);
  const observed = [...new Set([...observedTensors(plan).map(({ name }) => name), ...inputs])];
  const { observations, tapped } = await observeTensors(network, { ...options, observed, byChannel: true });
  const ranges: Record<string, Range> = {};
  for (const { name } of observedTensors(plan)) ranges[name] = chooseRange(lookUp(observations, name));
  const means: Record<string, readonly number[]> = { [bytesTensor]: channelMeans(sample.pixels.bytesNHWC) };
  for (const name of inputs) {
    const { sums, valueCount } = lookUp(observations, name);
    means[name] = Array.from(sums, (sum) => shortened(sum / valueCount));
  }
  return { measurements: { images: sample.images, seed: sample.seed, ranges, means }, tapped };
}

/** Like `calibrate`, for a user's own graph: measures the ranges of the tensors named. */
export async function calibrateGraph(
  network: Network,
  options: Omit<ObserveOptions, 'byChannel'>,
): Promise<Calibrated> {
  const { sample } = options;
  const { observations, tapped } = await observeTensors(network, { ...options, byChannel: false });
  const ranges = Object.fromEntries([...observations].map(([name, observation]) => [name, chooseRange(observation)]));
  return { measurements: { images: sample.images, seed: sample.seed, ranges, means: {} }, tapped };
}

interface ObserveOptions extends Omit<CalibrateOptions, 'weights'> {
  readonly observed: readonly string[];
  /**
   * Whether the second axis is the channel axis, whose means are measured too; otherwise a tensor counts as one
   * channel.
   */
  readonly byChannel: boolean;
}

/** Runs the network over the sample images, one by one, and records statistics of some tensors. */
async function observeTensors(
  network: Network,
  { preprocessing, sample, tap, threads, observed, byChannel }: ObserveOptions,
): Promise<{ readonly observations: ReadonlyMap<string, Observation>; readonly tapped: TapMap }> {
  const model = encodeModel(pruneTo(network.model, [...new Set([...observed, tap])]));
  const session = await openSession(model, { device: 'cpu', threads });
  const feed = createFeed(network.input, preprocessing);
  const observations = new Map<string, Observation>();
  const { bytesNHWC, rowCount } = sample.pixels;
  const imageBytes = bytesNHWC.length / rowCount;
  let tapped: TapMap | undefined;
  try {
    let outputs: ort.InferenceSession.ReturnType | undefined;
    for (let row = 0; row < rowCount; row++) {
      const bytes = bytesNHWC.subarray(row * imageBytes, (row + 1) * imageBytes);
      const feeds = { [network.input.name]: feed(bytes, 1) };
      // All runs reuse the first run's tensors: 90 MB per image for a ResNet50.
      outputs = outputs === undefined ? await session.run(feeds) : await session.run(feeds, outputs);
      const kept = float32Of(outputs, tap);
      const [rows = 1, ...rowShape] = outputs[tap]?.dims ?? [];
      // A graph may fix its batch at more than one.
      const rowLength = kept.length / rows;
      tapped ??= { rowCount, rowShape, data: new Float32Array(rowCount * rowLength) };
      tapped.data.set(kept.subarray(0, rowLength), row * rowLength);
      for (const name of observed) {
        const data = float32Of(outputs, name);
        const channels = (byChannel && outputs[name]?.dims[1]) || 1;
        const positions = data.length / channels;
        const observation = observations.get(name) ?? emptyObservation(channels);
        observations.set(name, observation);
        observe(observation, data, positions, stepFor(data.length, positions));
      }
    }
  } finally {
    await session.release();
  }
  return { observations, tapped: tapped as TapMap };
}

/** Step between sampled positions: odd, so that rows of even width are not always sampled in the same columns. */
function stepFor(valueCount: number, positions: number): number {
  const step = Math.min(Math.floor(valueCount / valuesPerTensor), Math.floor(positions / 8));
  return step < 2 ? 1 : step | 1;
}

function channelMeans(bytes: Uint8Array): readonly number[] {
  const sums = [0, 0, 0];
  for (let at = 0; at < bytes.length; at++) (sums[at % 3] as number) += bytes[at] as number;
  return sums.map((sum) => shortened(sum / (bytes.length / 3)));
}

/** Means are stored as text; the error of five digits is far below that of rounding weights. */
function shortened(value: number): number {
  return Number(value.toPrecision(5));
}

/** Fractions of the observed extremes to try; below them, clipping always costs more than it saves. */
const fractions = Array.from({ length: 29 }, (_, i) => 1 - 0.025 * i);
/** Fractions tried for both ends together. */
const pairFractions = Array.from({ length: 15 }, (_, i) => 1 - 0.05 * i);

/**
 * The range whose 256 levels represent the observed values with the least mean squared error. Zero is always one of the
 * levels because a convolution's padding needs it.
 */
export function chooseRange(observation: Observation): Range {
  const { low, high } = observation;
  if (low === 0 && high === 0) return { low: 0, high: 1 };
  let best: Range = { low, high };
  let least = Number.POSITIVE_INFINITY;
  const grid = low < 0 && high > 0 ? pairFractions : fractions;
  for (const lowFraction of low < 0 ? grid : [1]) {
    for (const highFraction of high > 0 ? grid : [1]) {
      const candidate = withZeroLevel(low * lowFraction, high * highFraction);
      const error = quantizationError(observation, candidate.low, candidate.high);
      if (error < least) {
        least = error;
        best = candidate;
      }
    }
  }
  return best;
}

/** Moves a range by less than a level so that zero falls on one. */
function withZeroLevel(low: number, high: number): Range {
  const scale = Math.fround((high - low) / 255);
  const zeroPoint = Math.round(-low / scale);
  return { low: -zeroPoint * scale, high: (255 - zeroPoint) * scale };
}
