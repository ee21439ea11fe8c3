import { type DeviceName, rowLength } from '../features/manifest/manifest.ts';
import { valueAt, valuesAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import type { Backbone, TapMap } from './backbone/backbone.ts';
import { pooledShape, poolRows } from './backbone/pool.ts';
import { compareCanaries, measureCanary } from './canary.ts';
import { type ImageFile, whereIs } from './images/list/image-file.ts';
import { openPixelPipeline } from './images/pipeline/pipeline.ts';
import type { PixelResult } from './images/pipeline/pixel-result.ts';
import type { InputLedger } from './input-ledger.ts';
import type { ExtractRun } from './open-run.ts';
import { pixelBatches } from './pixel-batches.ts';
import type { Reading } from './weights/hub/reading.ts';

/** A feature set being filled: the tap and pool it keeps, and the state of each input. */
export interface Target {
  readonly reading: Reading;
  readonly ledger: InputLedger;
}

/** One or more feature sets of the same images. */
export type Targets = readonly [Target, ...Target[]];

/**
 * The pipeline of `extract`: decodes images, runs them through the network in batches, pools and writes the features.
 * Each image runs through the network once, however many sets lack its row. Resolves to the network's device; undefined
 * if there was nothing to compute.
 */
export async function addRows(run: ExtractRun, targets: Targets): Promise<DeviceName | undefined> {
  const { plan, policy, context, preprocessing, watch } = run;
  const { signal, onProgress, openPipeline = openPixelPipeline } = context;
  const [{ ledger }] = targets;
  const readers: Reader[] = [];
  const toRead = imagesToRead(targets, readers);
  const first = toRead.next();
  // Nothing to read: start no threads and open no network.
  if (first.done === true) return undefined;
  const recipe = { ...preprocessing, views: plan.views };
  const pipeline = openPipeline(recipe, { known: knownToAll(targets), threads: policy.threads, signal });
  let backbone: Backbone | undefined;
  try {
    const results = noted(pipeline.decode(startingWith(first.value, toRead)), readers, run);
    const isKnown = (sha256: string): boolean => targets.every((target) => target.ledger.isKnown(sha256));
    const room = (): number => Math.min(...targets.map((target) => target.ledger.writer.batchRoom));
    for await (const { pixels, images } of pixelBatches(results, pipeline.recipe, room, isKnown)) {
      const network = backbone ?? (await watch.time('open', () => openBackbone(run, targets)));
      backbone = network;
      const maps = await watch.time('backbone', () => network.runAll(pixels));
      await watch.time('write', async () => {
        for (const target of targets) await append(target, mapOf(network, maps, target), images);
      });
      const done = Math.min(...targets.map((target) => target.ledger.settledCount));
      onProgress?.({ stage: 'extract', unit: 'images', done, total: ledger.list.images.length });
    }
    return backbone?.device;
  } finally {
    await pipeline.close();
    await backbone?.close();
  }
}

function* knownToAll([first, ...others]: Targets): Generator<string> {
  for (const sha256 of first.ledger.writer.rowOf.keys()) {
    if (others.every(({ ledger }) => ledger.writer.rowOf.has(sha256))) yield sha256;
  }
}

type Reader = readonly InputLedger[];

/** Images that any set needs, in the order of the list; appends the sets that need each to `readers`. */
function* imagesToRead(targets: Targets, readers: Reader[]): Generator<ImageFile> {
  for (const [place, image] of targets[0].ledger.list.images.entries()) {
    const asking = targets.map(({ ledger }) => ledger).filter((ledger) => ledger.mustRead(place));
    if (asking.length === 0) continue;
    readers.push(asking);
    yield image;
  }
}

function mapOf({ taps }: Backbone, maps: readonly TapMap[], { reading }: Target): TapMap {
  return valueAt(
    maps,
    taps.findIndex(({ name }) => name === reading.tap),
  );
}

/** Adds the rows of the batch's images that the set lacks: all, unless only another set needed them. */
async function append({ reading, ledger }: Target, map: TapMap, images: readonly string[]): Promise<void> {
  const { data, rowCount } = poolRows(map, reading.pool, reading.prefixTokens);
  const places = [...images.keys()].filter((place) => !ledger.isKnown(valueAt(images, place)));
  if (places.length === images.length) return ledger.writer.append(data, images);
  if (places.length === 0) return;
  const imageNumbers = (data.length / rowCount) * (rowCount / images.length);
  const lacking = new Float32Array(places.length * imageNumbers);
  for (const [at, place] of places.entries()) {
    lacking.set(data.subarray(place * imageNumbers, (place + 1) * imageNumbers), at * imageNumbers);
  }
  const named = valuesAt(images, places);
  await ledger.writer.append(lacking, named);
}

function* startingWith<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first;
  yield* rest;
}

/**
 * Passes results on and notes each in the sets that need it. Throws at the first unreadable file unless
 * `skipUnreadable` is set.
 */
async function* noted(
  results: AsyncIterable<PixelResult>,
  readers: Reader[],
  { watch, policy, context }: ExtractRun,
): AsyncGenerator<PixelResult> {
  let clipped = 0;
  let first = '';
  for await (const result of results) {
    for (const ledger of readers.shift() ?? []) ledger.note(result);
    if (result.outcome === 'pixels' && result.clipped && clipped++ === 0) first = result.image.relativePath;
    watch.addPixels(result.seconds);
    if (result.outcome === 'failed' && policy.skipUnreadable !== true) {
      throw new UserError({
        what: 'an image cannot be read',
        where: whereIs(result.image),
        found: result.reason,
        expected: 'an image; fix or remove the file, or continue without such files, each recorded in outcomes.csv',
        option: { name: 'skip-unreadable', value: '' },
      });
    }
    yield result;
  }
  if (clipped > 0) {
    const images = clipped === 1 ? '1 image is' : `${clipped} images are`;
    context.onWarning?.(
      `${images} grey with 16 bits, clipped at 255 (almost all white) as by Pillow: ${first}` +
        `${clipped === 1 ? '' : ', …'}; --sixteen-bit scale keeps their contrast`,
    );
  }
}

/** Opens the network with the taps of all sets, and begins the sets without rows. */
async function openBackbone(run: ExtractRun, targets: Targets): Promise<Backbone> {
  const { network, preprocessing, int8 } = run;
  const taps = [...new Set(targets.map(({ reading }) => reading.tap))];
  const [tap = ''] = taps;
  const asked = taps.length === 1 ? tap : taps;
  const [pool, ...others] = new Set(targets.map(({ reading }) => reading.pool));
  const only = others.length === 0 ? pool : undefined;
  const backbone = int8?.backbone ?? (await network.open(preprocessing, asked, int8?.activationRanges, only));
  try {
    for (const target of targets) await begin(run, target, backbone);
    return backbone;
  } catch (error) {
    await backbone.close();
    throw error;
  }
}

/** Passes the maker of the rows to the set's writer, after comparing the canary with that of the existing rows. */
async function begin(run: ExtractRun, { reading, ledger }: Target, backbone: Backbone): Promise<void> {
  const { writer, joins } = ledger;
  const { tap, pool, prefixTokens } = reading;
  const canary = await measureCanary(backbone, pool, tap);
  const before = writer.maker ?? joins;
  if (before !== undefined) compareCanaries(before.canary, canary, before.madeBy, backbone);
  const { network } = run;
  const { engine, engineVersion, device } = backbone;
  const { weights, weightsFile, weightsKey, weightsSeed, variant } = network;
  const madeBy = {
    featuretap: run.context.version,
    engine,
    engineVersion,
    device,
    weights,
    weightsFile,
    weightsKey,
    weightsVariant: variant,
    weightsSeed,
    data: writer.settings.dataFolder,
  };
  const tapped = backbone.taps.find(({ name }) => name === tap) ?? backbone.tap;
  const rowShape = pooledShape(tapped.shape, pool, prefixTokens);
  if (network.reading !== undefined) run.context.onNote?.(describeReading(network.architecture, reading, rowShape));
  writer.begin({ rowShape, canary, madeBy });
}

/** `dinov2: cls of last_hidden_state, 384 numbers`. */
function describeReading(architecture: string, { tap, pool }: Reading, rowShape: readonly number[]): string {
  return `${architecture}: ${pool === 'none' ? tap : `${pool} of ${tap}`}, ${rowLength(rowShape)} numbers`;
}
