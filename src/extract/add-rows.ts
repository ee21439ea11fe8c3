import type { DeviceName, Preprocessing } from '../features/manifest/manifest.ts';
import type { RunMaker } from '../features/run/run-records.ts';
import type { FeatureWriter } from '../features/run/writer.ts';
import { UserError } from '../system/errors.ts';
import type { Files } from '../system/files.ts';
import type { Backbone } from './backbone/backbone.ts';
import { pooledShape, poolRows } from './backbone/pool.ts';
import { compareCanaries, measureCanary } from './canary.ts';
import type { ExtractOptions, NetworkSource } from './extract.ts';
import type { ImageList } from './images/list/image-file.ts';
import { openPixelPipeline } from './images/pipeline/pipeline.ts';
import type { PixelResult } from './images/pipeline/pixel-result.ts';
import type { InputLedger } from './input-ledger.ts';
import type { OpenedCalibration } from './open-calibration.ts';
import { pixelBatches } from './pixel-batches.ts';
import type { Stopwatch } from './stopwatch.ts';

/** The options with what follows from them. */
export interface Run extends Omit<ExtractOptions, 'network' | 'preprocessing'> {
  readonly files: Files;
  readonly network: NetworkSource;
  readonly preprocessing: Preprocessing;
  /** Present where the precision is int8. */
  readonly int8?: OpenedCalibration;
  /** What made rows that these ones join, where the writer does not hold those. */
  readonly joins?: Pick<RunMaker, 'madeBy' | 'canary'>;
}

/**
 * The straight line: decoded images, in batches, through the network, pooled, written. Resolves to what the network ran
 * on; undefined where there was nothing for it to do.
 */
export async function addRows(
  run: Run,
  list: ImageList,
  writer: FeatureWriter,
  ledger: InputLedger,
  watch: Stopwatch,
): Promise<DeviceName | undefined> {
  const { threads, signal, preprocessing, onProgress, openPipeline = openPixelPipeline } = run;
  const toRead = ledger.toRead();
  const first = toRead.next();
  // Nothing to read: threads and the network stay away.
  if (first.done === true) return undefined;
  const recipe = { ...preprocessing, ...(run.views === undefined ? {} : { views: run.views }) };
  const pipeline = openPipeline(recipe, {
    known: writer.rowOf.keys(),
    ...(threads === undefined ? {} : { threads }),
    ...(signal === undefined ? {} : { signal }),
  });
  let backbone: Backbone | undefined;
  try {
    const results = noted(pipeline.decode(startingWith(first.value, toRead)), ledger, watch, run);
    const isKnown = (sha256: string): boolean => ledger.isKnown(sha256);
    for await (const { pixels, images } of pixelBatches(results, pipeline.recipe, () => writer.batchRoom, isKnown)) {
      const network = backbone ?? (await watch.time('open', () => openBackbone(run, writer)));
      backbone = network;
      const map = await watch.time('backbone', () => network.run(pixels));
      const rows = poolRows(map, run.pool);
      await watch.time('write', () => writer.append(rows.data, images));
      onProgress?.({ stage: 'extract', unit: 'images', done: ledger.settledCount, total: list.images.length });
    }
    return backbone?.device;
  } finally {
    await pipeline.close();
    await backbone?.close();
  }
}

function* startingWith<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first;
  yield* rest;
}

/** Passes results on, each noted in the ledger; the first file without pixels ends the run unless it may be skipped. */
async function* noted(
  results: AsyncIterable<PixelResult>,
  ledger: InputLedger,
  watch: Stopwatch,
  run: Run,
): AsyncGenerator<PixelResult> {
  let clipped = 0;
  let first = '';
  for await (const result of results) {
    ledger.note(result);
    if (result.outcome === 'pixels' && result.clipped && clipped++ === 0) first = result.image.relativePath;
    watch.addPixels(result.seconds);
    if (result.outcome === 'failed' && run.skipUnreadable !== true) {
      throw new UserError({
        what: 'an image cannot be read',
        where: result.image.path,
        found: result.reason,
        fix: 'mend or remove the file, or go on without such files: --skip-unreadable records each in outcomes.csv',
      });
    }
    yield result;
  }
  if (clipped > 0) {
    const images = clipped === 1 ? '1 image is' : `${clipped} images are`;
    run.onWarning?.(
      `${images} grey with 16 bits, which Pillow clips at 255 (almost all white), and so it was done here: ${first}` +
        `${clipped === 1 ? '' : ', …'}; --sixteen-bit scale keeps what they show`,
    );
  }
}

async function openBackbone(run: Run, writer: FeatureWriter): Promise<Backbone> {
  const { network, preprocessing, tap, pool, version } = run;
  const backbone = run.int8?.backbone ?? (await network.open(preprocessing, tap, run.int8?.calibration));
  try {
    const canary = await measureCanary(backbone);
    const before = writer.maker ?? run.joins;
    if (before !== undefined) compareCanaries(before.canary, canary, before.madeBy, backbone);
    const { engine, engineVersion, device } = backbone;
    const { weights, weightsFile, weightsSeed } = network;
    const madeBy = {
      featuretap: version,
      engine,
      engineVersion,
      device,
      weights,
      ...(weightsFile === undefined ? {} : { weightsFile }),
      ...(weightsSeed === undefined ? {} : { weightsSeed }),
      data: writer.settings.dataFolder,
    };
    writer.begin({ rowShape: pooledShape(backbone.tap.shape, pool), canary, madeBy });
    return backbone;
  } catch (error) {
    await backbone.close();
    throw error;
  }
}
