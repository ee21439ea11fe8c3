import type * as ort from 'onnxruntime-node';
import type { DeviceName, Preprocessing } from '../../features/manifest/manifest.ts';
import { encodeModel } from '../../formats/onnx/encode.ts';
import { UserError } from '../../system/errors.ts';
import { quoteArgument } from '../../system/own-command.ts';
import type { Backbone, PixelBatch, Tap, TapMap } from './backbone.ts';
import { drawPair, rowDifference, sameRow, sameRowOnGpu } from './batch-independence.ts';
import { createFeed, type Feed } from './feed.ts';
import type { Network } from './network.ts';
import { openSession, ortVersion } from './ort-session.ts';
import { pruneTo } from './prune.ts';
import { cannotRun, checkCrop, resolveTap } from './taps.ts';
import { checkInferenceMode } from './training-mode.ts';

export interface OnnxBackboneOptions {
  /** A stage's name or a tensor's own. */
  readonly tap: string;
  readonly preprocessing: Preprocessing;
  readonly device: DeviceName;
  /** Threads of one operator; default: the cores that this process may use. */
  readonly threads?: number | undefined;
  /** Where to write the graph as it runs, for checks. */
  readonly optimizedModelPath?: string;
  /** For int8 graphs whose weights x86 without VNNI may clip. */
  readonly exactProducts?: boolean;
  /** The graph is a user's own: it is shown that an image's row does not depend on the others of its batch. */
  readonly prove?: boolean;
  /** Told where such a graph must run its images one by one. */
  readonly onNote?: ((line: string) => void) | undefined;
}

/**
 * Opens a network on ONNX Runtime, cut off behind its tap, and runs it once on blank images: a session that opens but
 * cannot run is found here, not in the middle of the work.
 *
 * @throws UserError when the tap is unknown or is no map of float32 per image, when the network cannot run, or when its
 * answer for an image depends on the other images of its batch
 */
export async function openOnnxBackbone(network: Network, options: OnnxBackboneOptions): Promise<Backbone> {
  const { preprocessing } = options;
  checkCrop(network, preprocessing.crop);
  const tensor = resolveTap(network, options.tap);
  const pruned = pruneTo(network.model, [tensor]);
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
    const blank = feed.tensor(new Uint8Array(batch * preprocessing.crop ** 2 * 3), batch);
    const output = (await session.run({ [name]: blank }))[tensor] as ort.Tensor;
    checkTapped(network, tensor, output, batch);
    const tap = { name: options.tap, tensor, shape: output.dims.slice(1) };
    const backbone = new OnnxBackbone(network, session, feed, tap, options);
    return options.prove === true ? await proven(backbone, network, session, feed, tap, options) : backbone;
  } catch (error) {
    await session.release();
    throw error instanceof UserError ? error : cannotRun(network, error);
  }
}

/**
 * The network as it may run: as it is where an image has the same row in every company; one image at a time where it is
 * the same alone at least (int8 graphs that take their ranges from the batch do that).
 */
async function proven(
  backbone: OnnxBackbone,
  network: Network,
  session: ort.InferenceSession,
  feed: Feed,
  tap: Tap,
  options: OnnxBackboneOptions,
): Promise<Backbone> {
  const { crop } = options.preprocessing;
  const bytesNHWC = drawPair(crop);
  const first = bytesNHWC.subarray(0, bytesNHWC.length / 2);
  const together = await backbone.run({ rowCount: 2, crop, bytesNHWC });
  const row = together.data.slice(0, together.data.length / 2);
  // Where the graph fixes its batch, other company instead of none.
  const rest = network.input.batch === undefined ? new Uint8Array(0) : new Uint8Array(first.length);
  const apart = { rowCount: 1 + rest.length / first.length, crop, bytesNHWC: Buffer.concat([first, rest]) };
  const alone = (await backbone.run(apart)).data.slice(0, row.length);
  const allowed = options.device === 'cpu' ? sameRow : sameRowOnGpu;
  const difference = rowDifference(row, alone);
  if (difference <= allowed) return backbone;
  const again = (await backbone.run(apart)).data.slice(0, row.length);
  if (network.input.batch !== undefined || rowDifference(alone, again) > allowed) {
    throw new UserError({
      what: "the network's answer for an image depends on the other images of its batch, or on chance",
      where: `${tap.name} in ${network.source}`,
      found: `a row that differs by ${(difference * 100).toPrecision(2)} % of its largest number between two runs`,
      expected: `the same row to ${allowed}`,
      fix: 'export it again in Python, with model.eval() before torch.onnx.export and a dynamic batch axis',
    });
  }
  options.onNote?.(
    `${network.source}: rows depend on the batch (by ${(difference * 100).toPrecision(2)} %), so images run one by one, which is slower`,
  );
  return new OnnxBackbone({ ...network, input: { ...network.input, batch: 1 } }, session, feed, tap, options);
}

class OnnxBackbone implements Backbone {
  readonly engine = 'onnx';
  readonly engineVersion: string = ortVersion;
  readonly device: DeviceName;
  readonly architecture: string;
  readonly tap: Tap;
  readonly preprocessing: Preprocessing;
  readonly #network: Network;
  readonly #session: ort.InferenceSession;
  readonly #feed: Feed;
  /** The run under way: the feed's memory is shared, so runs wait for each other. */
  #last: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(network: Network, session: ort.InferenceSession, feed: Feed, tap: Tap, options: OnnxBackboneOptions) {
    this.#network = network;
    this.#session = session;
    this.#feed = feed;
    this.tap = tap;
    this.preprocessing = options.preprocessing;
    this.device = options.device;
    this.architecture = network.architecture;
  }

  run(batch: PixelBatch): Promise<TapMap> {
    const result = this.#last.then(() => this.#run(batch));
    this.#last = result.catch(() => undefined);
    return result;
  }

  close(): Promise<void> {
    this.#closed ??= this.#last.then(() => this.#session.release());
    return this.#closed;
  }

  async #run(batch: PixelBatch): Promise<TapMap> {
    const { rowCount } = batch;
    checkBatch(batch, this.preprocessing.crop);
    const fixed = this.#network.input.batch;
    const rowShape = this.tap.shape;
    if (fixed === undefined || fixed === rowCount)
      return { rowCount, rowShape, data: await this.#rows(batch, 0, rowCount) };
    // The graph takes so many rows and no other number: the last run is filled up with what lay in the buffer.
    const rowLength = rowShape.reduce((product, extent) => product * extent, 1);
    const data = new Float32Array(rowCount * rowLength);
    for (let from = 0; from < rowCount; from += fixed) {
      const count = Math.min(fixed, rowCount - from);
      const rows = await this.#rows(batch, from, count);
      data.set(rows.subarray(0, count * rowLength), from * rowLength);
    }
    return { rowCount, rowShape, data };
  }

  /** Rows [from, from + count) of the batch through the network. */
  async #rows(batch: PixelBatch, from: number, count: number): Promise<Float32Array> {
    const rowLength = batch.crop * batch.crop * 3;
    const bytes = batch.bytesNHWC.subarray(from * rowLength, (from + count) * rowLength);
    const results = await this.#session.run({ [this.#network.input.name]: this.#feed.tensor(bytes, count) });
    return (results[this.tap.tensor] as ort.Tensor).data as Float32Array;
  }
}

function checkBatch(batch: PixelBatch, crop: number): void {
  const expected = batch.rowCount * crop * crop * 3;
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
