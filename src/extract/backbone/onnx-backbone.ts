import type * as ort from 'onnxruntime-node';
import type { DeviceName, Preprocessing } from '../../features/manifest/manifest.ts';
import { encodeModel } from '../../formats/onnx/encode.ts';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { float32Of } from '../../system/onnx-runtime.ts';
import { quoteArgument } from '../../system/own-command.ts';
import { bytesPerImage } from '../images/samples.ts';
import { type Backbone, type PixelBatch, serialBackbone, type Tap, type TapMap } from './backbone.ts';
import { drawPair, rowDifference, sameRow, sameRowOnGpu } from './batch-independence.ts';
import { createFeed, type Feed } from './feed.ts';
import type { Network } from './network.ts';
import { openSession, ortVersion } from './ort-session.ts';
import { pruneTo } from './prune.ts';
import { cannotRun, checkCrop, resolveTap } from './taps.ts';
import { checkInferenceMode } from './training-mode.ts';

export interface OnnxBackboneOptions {
  /** A stage's name or a tensor's own, or several. */
  readonly tap: string | readonly string[];
  readonly preprocessing: Preprocessing;
  readonly device: DeviceName;
  readonly threads?: number | undefined;
  /** Path to write the optimized graph, for checks. */
  readonly optimizedModelPath?: string;
  /** For int8 graphs that may saturate on x86 without VNNI. */
  readonly exactProducts?: boolean;
  /** For a user's own graph: verify that an image's row does not depend on the other images of its batch. */
  readonly prove?: boolean;
  /** Called if such a graph must run images one by one. */
  readonly onNote?: ((line: string) => void) | undefined;
}

/**
 * Opens a network on ONNX Runtime, truncated after its taps, and runs it once on blank images, so that a network that
 * cannot run fails here.
 *
 * @throws UserError if a tap is unknown or not float32 per image, if the network cannot run, or if its output for an
 *   image depends on the other images of its batch
 */
export async function openOnnxBackbone(network: Network, options: OnnxBackboneOptions): Promise<Backbone> {
  const { preprocessing } = options;
  checkCrop(network, preprocessing.crop);
  const named = [options.tap].flat().map((tap) => ({ name: tap, tensor: resolveTap(network, tap) }));
  // Two names may be the same tensor.
  const pruned = pruneTo(network.model, [...new Set(named.map(({ tensor }) => tensor))]);
  if (options.prove === true) checkInferenceMode(pruned, network.source);
  const model = encodeModel(pruned);
  let session: ort.InferenceSession;
  try {
    session = await openSession(model, options);
  } catch (error) {
    throw cannotRun(network, error);
  }
  try {
    const feed = createFeed(network.input, preprocessing);
    const { name, batch = 2 } = network.input;
    const blank = feed(new Uint8Array(batch * bytesPerImage(preprocessing)), batch);
    const outputs = await session.run({ [name]: blank });
    const taps = named.map((tap) => {
      const output = outputs[tap.tensor] as ort.Tensor;
      checkTapped(network, tap.tensor, output, batch);
      return { ...tap, shape: output.dims.slice(1) };
    });
    const backbone = onnxBackbone(network, session, feed, taps, options);
    return options.prove === true ? await proven(backbone, network, session, feed, options) : backbone;
  } catch (error) {
    await session.release();
    throw error instanceof UserError ? error : cannotRun(network, error);
  }
}

/**
 * Checks batch independence: unchanged if an image has the same row in every batch; one image at a time if it does so
 * alone (e.g. int8 graphs with dynamic ranges).
 */
async function proven(
  backbone: Backbone,
  network: Network,
  session: ort.InferenceSession,
  feed: Feed,
  options: OnnxBackboneOptions,
): Promise<Backbone> {
  const { crop } = options.preprocessing;
  const bytesNHWC = drawPair(options.preprocessing);
  const first = bytesNHWC.subarray(0, bytesNHWC.length / 2);
  const firstRows = async (batch: PixelBatch): Promise<readonly Float32Array[]> =>
    (await backbone.runAll(batch)).map(({ data, rowCount }) => data.slice(0, data.length / rowCount));
  const together = await firstRows({ rowCount: 2, crop, bytesNHWC });
  // If the graph fixes its batch size, with other images instead of none.
  const rest = network.input.batch === undefined ? new Uint8Array(0) : new Uint8Array(first.length);
  const apart = { rowCount: 1 + rest.length / first.length, crop, bytesNHWC: Buffer.concat([first, rest]) };
  const alone = await firstRows(apart);
  const allowed = options.device === 'cpu' ? sameRow : sameRowOnGpu;
  const difference = largestDifference(together, alone);
  if (difference <= allowed) return backbone;
  const again = await firstRows(apart);
  if (network.input.batch !== undefined || largestDifference(alone, again) > allowed) {
    throw new UserError({
      what: "the network's output for an image depends on the other images of its batch, or is random",
      where: `${backbone.taps.map((tap) => tap.name).join(', ')} in ${network.source}`,
      found: `a row that differs by ${(difference * 100).toPrecision(2)} % of its largest number between two runs`,
      expected: `the same row to ${allowed}`,
      fix: 'export it again in Python, with model.eval() before torch.onnx.export and a dynamic batch axis',
    });
  }
  options.onNote?.(
    `${network.source}: rows depend on the batch (by ${(difference * 100).toPrecision(2)} %), so images run one by one, which is slower`,
  );
  const oneByOne = { ...network, input: { ...network.input, batch: 1 } };
  return onnxBackbone(oneByOne, session, feed, backbone.taps, options);
}

/** The largest difference between the rows of any tap. */
function largestDifference(one: readonly Float32Array[], other: readonly Float32Array[]): number {
  return Math.max(...one.map((row, tap) => rowDifference(row, valueAt(other, tap))));
}

/** The backbone of an open session; runs share the feed's buffer. */
function onnxBackbone(
  network: Network,
  session: ort.InferenceSession,
  feed: Feed,
  taps: readonly Tap[],
  { preprocessing, device }: OnnxBackboneOptions,
): Backbone {
  /** Runs rows [from, from + count) of the batch; returns the values of each tap. */
  async function rowsOf(batch: PixelBatch, from: number, count: number): Promise<readonly Float32Array[]> {
    const rowLength = batch.bytesNHWC.length / batch.rowCount;
    const bytes = batch.bytesNHWC.subarray(from * rowLength, (from + count) * rowLength);
    const results = await session.run({ [network.input.name]: feed(bytes, count) });
    return taps.map(({ tensor }) => float32Of(results, tensor));
  }

  async function runTaps(batch: PixelBatch): Promise<readonly TapMap[]> {
    const { rowCount } = batch;
    checkBatch(batch, preprocessing);
    const fixed = network.input.batch;
    if (fixed === undefined || fixed === rowCount) {
      const rows = await rowsOf(batch, 0, rowCount);
      return taps.map(({ shape }, tap) => ({ rowCount, rowShape: shape, data: valueAt(rows, tap) }));
    }
    // With a fixed batch size, the last run is padded with whatever is in the buffer.
    const maps = taps.map(({ shape }) => {
      const rowLength = shape.reduce((product, extent) => product * extent, 1);
      return { rowCount, rowShape: shape, rowLength, data: new Float32Array(rowCount * rowLength) };
    });
    for (let from = 0; from < rowCount; from += fixed) {
      const count = Math.min(fixed, rowCount - from);
      const rows = await rowsOf(batch, from, count);
      for (const [tap, { data, rowLength }] of maps.entries()) {
        data.set(valueAt(rows, tap).subarray(0, count * rowLength), from * rowLength);
      }
    }
    return maps.map(({ rowShape, data }) => ({ rowCount, rowShape, data }));
  }

  const { architecture } = network;
  return serialBackbone(
    { engine: 'onnx', engineVersion: ortVersion, device, architecture, taps, preprocessing },
    runTaps,
    () => session.release(),
  );
}

function checkBatch(batch: PixelBatch, form: Preprocessing): void {
  const { crop } = form;
  const expected = batch.rowCount * bytesPerImage(form);
  if (batch.crop === crop && batch.bytesNHWC.length === expected) return;
  throw new RangeError(
    `a batch of ${batch.rowCount} crops of ${batch.crop} in ${batch.bytesNHWC.length} bytes; expected crops of ${crop} in ${expected}`,
  );
}

function checkTapped(network: Network, tensor: string, output: ort.Tensor, rowCount: number): void {
  const isMap = output.type === 'float32' && output.dims.length >= 2 && output.dims[0] === rowCount;
  if (isMap) return;
  throw new UserError({
    what: 'the tensor cannot be tapped',
    where: `${tensor} in ${network.source}`,
    found: `${output.type} [${output.dims.join(', ')}] for ${rowCount} images`,
    expected: `float32, and one row per image along the first axis`,
    fix: `choose another tensor: featuretap taps --weights ${quoteArgument(network.source)} lists them`,
  });
}
