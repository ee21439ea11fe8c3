import type { Outcome } from '../features/index/outcomes.ts';
import type { DeviceName, Manifest } from '../features/manifest/manifest.ts';
import { FeatureWriter } from '../features/run/writer.ts';
import { valueAt } from '../system/at.ts';
import { DiskFullError } from '../system/durable.ts';
import { InterruptedError, UserError } from '../system/errors.ts';
import { counted } from '../system/printable.ts';
import { keepActivationRanges, removeOtherActivationRanges } from './activation-ranges.ts';
import { addRows, type Target, type Targets } from './add-rows.ts';
import { usableCores } from './backbone/processor.ts';
import { keepSpeed } from './explain/speed.ts';
import type { ImageList } from './images/list/image-file.ts';
import { InputLedger } from './input-ledger.ts';
import { readingOf } from './network-source.ts';
import { type ExtractRun, withRun, writerSettings } from './open-run.ts';
import type { ExtractPlan, ExtractRequest } from './plan.ts';
import type { StepSeconds } from './stopwatch.ts';

export interface ExtractResult {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Images whose rows this run computed. */
  readonly newImages: number;
  /** Images that already had a row. */
  readonly keptImages: number;
  /** Images whose rows a stopped run had computed. */
  readonly resumedImages: number;
  readonly seconds: StepSeconds;
  readonly list: ImageList;
}

/** Folder, tap and pool of a feature set. */
export type SetPlan = Pick<ExtractPlan, 'folder' | 'tap' | 'pool'>;

/**
 * Computes features of the images that have no row yet, and publishes the feature set.
 *
 * @throws UserError naming the file or option; rows computed so far are on disk, and the next run continues there
 * @throws InterruptedError if the signal is aborted, likewise
 */
export async function extract(request: ExtractRequest): Promise<ExtractResult> {
  const [result] = await extractSeveral(request, [request.plan]);
  return result;
}

/**
 * The same for several feature sets of the same images with different taps or pools: each image is decoded and run
 * through the network once. The sets are ordinary ones, and each can be continued separately.
 */
export function extractSeveral(
  request: ExtractRequest,
  sets: readonly [SetPlan, ...SetPlan[]],
): Promise<readonly [ExtractResult, ...ExtractResult[]]> {
  return withRun({ ...request, plan: { ...request.plan, ...sets[0] } }, async (run, list) => {
    const targets: Target[] = [];
    try {
      for (const set of sets) targets.push(await openTarget(run, set, list));
    } catch (error) {
      for (const { ledger } of targets) await ledger.writer.close();
      throw error;
    }
    return fill(run, targets as [Target, ...Target[]], async (filled) => {
      const results: ExtractResult[] = [];
      for (const [at, { ledger }] of targets.entries()) {
        results.push(await publishSet(run, ledger, valueAt(filled, at)));
      }
      return results as [ExtractResult, ...ExtractResult[]];
    });
  });
}

async function openTarget(run: ExtractRun, set: SetPlan, list: ImageList): Promise<Target> {
  const reading = readingOf(run.network, set);
  const settings = writerSettings(run, list.root, reading);
  const writer = await FeatureWriter.open(run.files, set.folder, settings);
  return { reading, ledger: new InputLedger(list, writer, run.policy.rehash) };
}

/** What `fill` added to one set. */
export interface Filled {
  readonly newImages: number;
  /** Device of the network; undefined if there was nothing to compute. */
  readonly device: DeviceName | undefined;
}

type AllFilled = readonly [Filled, ...Filled[]];

/**
 * Computes the missing rows of the sets, then calls `finish`. If it stops, the computed rows are on disk, and the next
 * run continues after them. Closes the writers.
 */
export async function fill<T>(
  run: ExtractRun,
  targets: Targets,
  finish: (filled: AllFilled) => Promise<T>,
): Promise<T> {
  const { files, int8, context } = run;
  const writers = targets.map(({ ledger }) => ledger.writer);
  try {
    if (int8 !== undefined) for (const { folder } of writers) await keepActivationRanges(files, folder, int8);
    const known = writers.map((writer) => writer.rowOf.size);
    const device = await addRows(run, targets);
    const filled = writers.map(({ rowOf }, at) => ({ device, newImages: rowOf.size - valueAt(known, at) }));
    return await finish(filled as [Filled, ...Filled[]]);
  } catch (error) {
    // Save what was computed, whatever ended the run, and report that error.
    for (const writer of writers) await writer.save().catch(() => undefined);
    if (error instanceof InterruptedError) throw new InterruptedError(context.command);
    throw error instanceof DiskFullError ? withBytesLeft(error, targets) : error;
  } finally {
    for (const writer of writers) await writer.close();
  }
}

/** Adds the bytes still needed for all sets, if their row sizes are known. */
function withBytesLeft(error: DiskFullError, targets: Targets): DiskFullError {
  let bytesLeft = 0;
  for (const { ledger } of targets) {
    const { list, writer, settledCount } = ledger;
    const bytes = writer.bytesToFinish(list.images.length - settledCount);
    if (bytes === undefined) return error;
    bytesLeft += bytes;
  }
  return error.toFinish(bytesLeft);
}

async function publishSet(run: ExtractRun, ledger: InputLedger, filled: Filled): Promise<ExtractResult> {
  const { files, int8, watch, policy } = run;
  const { list, writer } = ledger;
  const { folder, resumedImages } = writer;
  const { newImages, device } = filled;
  if (writer.rowOf.size === 0) throw new NothingReadableError(list, ledger.ending().outcomes);
  const manifest = await watch.time('write', () => writer.finish(ledger.ending(), policy.prune));
  if (int8 !== undefined) await removeOtherActivationRanges(files, folder, int8);
  const keptImages = manifest.imageCount - newImages;
  const seconds = watch.stop();
  if (device !== undefined) {
    const { threads: cores = usableCores() } = policy;
    await keepSpeed(files, folder, manifest.fields, { device, cores, images: newImages, seconds: seconds.total });
  }
  return { folder, manifest, newImages, resumedImages, keptImages, seconds, list };
}

/** No input gave a row: there is no feature set to publish. */
class NothingReadableError extends UserError {
  readonly outcomes: readonly Outcome[];

  constructor(list: ImageList, outcomes: readonly Outcome[]) {
    const first = outcomes[0];
    super({
      what: 'none of the images could be read',
      where: list.root,
      ...(first && { found: `${counted(list.images.length, 'image')}; the first: ${first.path}: ${first.reason}` }),
      expected: 'at least one readable image',
    });
    this.outcomes = outcomes;
  }
}
