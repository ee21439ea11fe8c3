import * as ort from 'onnxruntime-node';
import type { Preprocessing } from '../../../features/manifest.ts';
import { encodeModel } from '../../../formats/onnx/encode.ts';
import { planResNet } from '../../weights/resnet.ts';
import type { StateDict } from '../../weights/state-dict.ts';
import type { PixelBatch } from '../backbone.ts';
import type { Network } from '../network.ts';
import { normalizationTable, normalizePlanes } from '../normalize.kernel.ts';
import { openSession } from '../ort-session.ts';
import { pruneTo } from '../prune.ts';
import { bytesTensor, type Calibration, convInputs, observedTensors, type Range } from './calibration.ts';
import { chooseRange } from './choose-range.ts';
import { emptyObservation, type Observation, observe } from './observe.kernel.ts';

/** Values that are looked at per tensor and image: more change no range that was tried. */
const valuesPerTensor = 40_000;

export interface Sample {
  readonly seed: number;
  /** Ids, one per row of `pixels`. */
  readonly images: readonly string[];
  readonly pixels: PixelBatch;
}

/**
 * Runs a float32 ResNet over sample images and measures what its quantized form needs: the range of every tensor that
 * will be held as bytes, by least mean squared error, and the mean per channel of what convolutions read.
 *
 * @param network the float32 network of the same weights
 */
export async function calibrate(
  network: Network,
  weights: StateDict,
  preprocessing: Preprocessing,
  sample: Sample,
  threads?: number,
): Promise<Calibration> {
  const plan = planResNet(weights.architecture);
  const inputs = [...new Set(convInputs(plan).map(({ input }) => input))].filter((name) => name !== bytesTensor);
  const names = [...new Set([...observedTensors(plan).map(({ name }) => name), ...inputs])];
  const settings = threads === undefined ? {} : { threads };
  const session = await openSession(encodeModel(pruneTo(network.model, names)), { device: 'cpu', ...settings });
  const observations = new Map<string, Observation>();
  const { crop, bytesNHWC, rowCount } = sample.pixels;
  const rowLength = crop * crop * 3;
  const table = normalizationTable(preprocessing.mean, preprocessing.std);
  const pixels = new Float32Array(rowLength);
  try {
    let outputs: Readonly<Record<string, ort.Tensor>> | undefined;
    for (let row = 0; row < rowCount; row++) {
      normalizePlanes(bytesNHWC.subarray(row * rowLength, (row + 1) * rowLength), 1, crop * crop, table, pixels);
      const feeds = { [network.input.name]: new ort.Tensor('float32', pixels, [1, 3, crop, crop]) };
      // The first run's tensors serve all runs: 90 MB per image for a ResNet50.
      outputs = outputs === undefined ? await session.run(feeds) : await session.run(feeds, outputs);
      for (const name of names) {
        const { data, dims } = outputs[name] as ort.Tensor;
        const channels = dims[1] as number;
        const positions = data.length / channels;
        const observation = observations.get(name) ?? emptyObservation(channels);
        observations.set(name, observation);
        observe(observation, data as Float32Array, positions, stepFor(data.length, positions));
      }
    }
  } finally {
    await session.release();
  }
  const ranges: Record<string, Range> = {};
  for (const { name } of observedTensors(plan)) ranges[name] = chooseRange(observations.get(name) as Observation);
  const means: Record<string, readonly number[]> = { [bytesTensor]: channelMeans(bytesNHWC) };
  for (const name of inputs) {
    const { sums, valueCount } = observations.get(name) as Observation;
    means[name] = Array.from(sums, (sum) => shortened(sum / valueCount));
  }
  return { images: sample.images, seed: sample.seed, ranges, means };
}

/** Every how-manieth position to look at: odd, so that rows of even width are not seen in the same columns only. */
function stepFor(valueCount: number, positions: number): number {
  const step = Math.min(Math.floor(valueCount / valuesPerTensor), Math.floor(positions / 8));
  return step < 2 ? 1 : step | 1;
}

function channelMeans(bytes: Uint8Array): readonly number[] {
  const sums = [0, 0, 0];
  for (let at = 0; at < bytes.length; at++) (sums[at % 3] as number) += bytes[at] as number;
  return sums.map((sum) => shortened(sum / (bytes.length / 3)));
}

/** Means are kept as text: five digits are far below what rounding weights costs. */
function shortened(value: number): number {
  return Number(value.toPrecision(5));
}
