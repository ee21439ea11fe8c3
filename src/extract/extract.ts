import type { DeviceName, Manifest } from '../features/manifest/manifest.ts';
import { FeatureWriter } from '../features/run/writer.ts';
import type { Outcome } from '../features/tables/outcomes.ts';
import { DiskFullError } from '../system/durable.ts';
import { InterruptedError, UserError } from '../system/errors.ts';
import { keepActivationRanges, removeOtherActivationRanges } from './activation-ranges.ts';
import { addRows } from './add-rows.ts';
import { usableCores } from './backbone/cores.ts';
import { keepSpeed } from './explain/speed.ts';
import type { ImageList } from './images/list/image-file.ts';
import { InputLedger } from './input-ledger.ts';
import { type ExtractRun, withRun, writerSettings } from './open-run.ts';
import type { ExtractRequest } from './plan.ts';
import type { StepSeconds } from './stopwatch.ts';

export interface ExtractResult {
  /** Absolute path of the feature set. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Images whose rows this run computed. */
  readonly newImages: number;
  /** Images whose rows were there before. */
  readonly keptImages: number;
  /** Images whose rows an earlier, stopped run had computed. */
  readonly resumedImages: number;
  readonly seconds: StepSeconds;
  /** What the data folder holds, and how it was read. */
  readonly list: ImageList;
}

/**
 * Runs the network over the images of a folder that have no row yet, and publishes the feature set.
 *
 * @throws UserError naming the file or option; what was computed until then is on the disk, and the next run goes on
 * @throws InterruptedError once the signal is aborted, with the same on the disk
 */
export function extract(request: ExtractRequest): Promise<ExtractResult> {
  return withRun(request, async (run, list) => {
    const writer = await FeatureWriter.open(run.files, run.plan.folder, writerSettings(run, list.root));
    const ledger = new InputLedger(list, writer, run.policy.rehash);
    return fill(run, ledger, (filled) => publishSet(run, ledger, filled));
  });
}

/** What `fill` has done. */
export interface Filled {
  /** Images whose rows it computed. */
  readonly newImages: number;
  /** What the network was run on; undefined where there was nothing for it to do. */
  readonly device: DeviceName | undefined;
}

/**
 * Computes the rows that the ledger's inputs lack, and ends as `finish` does. Whatever stops it, the rows that were
 * computed are on the disk, and the next run goes on behind them. Closes the writer.
 */
export async function fill<T>(
  run: ExtractRun,
  ledger: InputLedger,
  finish: (filled: Filled) => Promise<T>,
): Promise<T> {
  const { files, int8, context } = run;
  const { list, writer } = ledger;
  try {
    if (int8 !== undefined) await keepActivationRanges(files, writer.folder, int8);
    const knownImages = writer.rowOf.size;
    const device = await addRows(run, ledger);
    return await finish({ device, newImages: writer.rowOf.size - knownImages });
  } catch (error) {
    // What was computed must not be lost, whatever ends the run; that reason is the one to tell.
    await writer.save().catch(() => undefined);
    if (error instanceof InterruptedError) throw new InterruptedError(context.command);
    const bytesLeft = writer.bytesToFinish(list.images.length - ledger.settledCount);
    throw error instanceof DiskFullError && bytesLeft !== undefined ? error.toFinish(bytesLeft) : error;
  } finally {
    await writer.close();
  }
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

/** Not one of the inputs gave a row: there is no feature set to publish. */
export class NothingReadableError extends UserError {
  readonly outcomes: readonly Outcome[];

  constructor(list: ImageList, outcomes: readonly Outcome[]) {
    const first = outcomes[0];
    super({
      what: 'none of the images could be read',
      where: list.root,
      ...(first && { found: `${list.images.length} images; the first: ${first.path}: ${first.reason}` }),
      expected: 'at least one whole image',
    });
    this.outcomes = outcomes;
  }
}
