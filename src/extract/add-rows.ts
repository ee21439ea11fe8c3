import { type DeviceName, rowLength } from '../features/manifest/manifest.ts';
import { UserError } from '../system/errors.ts';
import type { Backbone } from './backbone/backbone.ts';
import { pooledShape, poolRows } from './backbone/pool.ts';
import { compareCanaries, measureCanary } from './canary.ts';
import { whereIs } from './images/list/image-file.ts';
import { openPixelPipeline } from './images/pipeline/pipeline.ts';
import type { PixelResult } from './images/pipeline/pixel-result.ts';
import type { InputLedger } from './input-ledger.ts';
import type { ExtractRun } from './open-run.ts';
import { pixelBatches } from './pixel-batches.ts';
import type { SettledPlan } from './plan.ts';

/**
 * The straight line: decoded images, in batches, through the network, pooled, written. Resolves to what the network ran
 * on; undefined where there was nothing for it to do.
 */
export async function addRows(run: ExtractRun, ledger: InputLedger): Promise<DeviceName | undefined> {
  const { plan, policy, context, preprocessing, watch } = run;
  const { signal, onProgress, openPipeline = openPixelPipeline } = context;
  const { list, writer } = ledger;
  const toRead = ledger.toRead();
  const first = toRead.next();
  // Nothing to read: threads and the network stay away.
  if (first.done === true) return undefined;
  const recipe = { ...preprocessing, views: plan.views };
  const pipeline = openPipeline(recipe, { known: writer.rowOf.keys(), threads: policy.threads, signal });
  let backbone: Backbone | undefined;
  try {
    const results = noted(pipeline.decode(startingWith(first.value, toRead)), ledger, run);
    const isKnown = (sha256: string): boolean => ledger.isKnown(sha256);
    for await (const { pixels, images } of pixelBatches(results, pipeline.recipe, () => writer.batchRoom, isKnown)) {
      const network = backbone ?? (await watch.time('open', () => openBackbone(run, ledger)));
      backbone = network;
      const map = await watch.time('backbone', () => network.run(pixels));
      const rows = poolRows(map, plan.pool, plan.prefixTokens);
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
  { watch, policy, context }: ExtractRun,
): AsyncGenerator<PixelResult> {
  let clipped = 0;
  let first = '';
  for await (const result of results) {
    ledger.note(result);
    if (result.outcome === 'pixels' && result.clipped && clipped++ === 0) first = result.image.relativePath;
    watch.addPixels(result.seconds);
    if (result.outcome === 'failed' && policy.skipUnreadable !== true) {
      throw new UserError({
        what: 'an image cannot be read',
        where: whereIs(result.image),
        found: result.reason,
        fix: 'fix or remove the file, or go on without such files: --skip-unreadable records each in outcomes.csv',
      });
    }
    yield result;
  }
  if (clipped > 0) {
    const images = clipped === 1 ? '1 image is' : `${clipped} images are`;
    context.onWarning?.(
      `${images} grey with 16 bits, which Pillow clips at 255 (almost all white), and so it was done here: ${first}` +
        `${clipped === 1 ? '' : ', …'}; --sixteen-bit scale keeps what they show`,
    );
  }
}

async function openBackbone(run: ExtractRun, { writer, joins }: InputLedger): Promise<Backbone> {
  const { network, preprocessing, int8 } = run;
  const { tap, pool, prefixTokens } = run.plan;
  const backbone = int8?.backbone ?? (await network.open(preprocessing, tap, int8?.activationRanges));
  try {
    const canary = await measureCanary(backbone, pool);
    const before = writer.maker ?? joins;
    if (before !== undefined) compareCanaries(before.canary, canary, before.madeBy, backbone);
    const { engine, engineVersion, device } = backbone;
    const { weights, weightsFile, weightsKey, weightsSeed, variant } = network;
    const madeBy = {
      featuretap: run.context.version,
      engine,
      engineVersion,
      device,
      weights,
      ...(weightsFile === undefined ? {} : { weightsFile }),
      ...(weightsKey === undefined ? {} : { weightsKey }),
      ...(variant === undefined ? {} : { weightsVariant: variant }),
      ...(weightsSeed === undefined ? {} : { weightsSeed }),
      data: writer.settings.dataFolder,
    };
    const rowShape = pooledShape(backbone.tap.shape, pool, prefixTokens);
    if (network.reading !== undefined) run.context.onNote?.(describeReading(network.architecture, run.plan, rowShape));
    writer.begin({ rowShape, canary, madeBy });
    return backbone;
  } catch (error) {
    await backbone.close();
    throw error;
  }
}

/** `dinov2: cls of last_hidden_state, 384 numbers`. */
function describeReading(architecture: string, { tap, pool }: SettledPlan, rowShape: readonly number[]): string {
  return `${architecture}: ${pool === 'none' ? tap : `${pool} of ${tap}`}, ${rowLength(rowShape)} numbers`;
}
