import { basename, join, resolve } from 'node:path';
import type { Manifest, Pool, Precision, Preprocessing } from '../features/manifest/manifest.ts';
import { FeatureWriter, type WriterSettings } from '../features/run/writer.ts';
import type { Outcome } from '../features/tables/outcomes.ts';
import type { Dtype } from '../formats/npy/npy.ts';
import { DiskFullError } from '../system/durable.ts';
import { InterruptedError, UserError, usageError } from '../system/errors.ts';
import { type Files, nodeFiles } from '../system/files.ts';
import type { OnProgress } from '../system/progress.ts';
import { addRows, type Run } from './add-rows.ts';
import type { Backbone } from './backbone/backbone.ts';
import { usableCores } from './backbone/cores.ts';
import type { Sample } from './backbone/quantize/calibrate.ts';
import type { Calibration } from './backbone/quantize/calibration.ts';
import type { Int8Preparation } from './backbone/quantize/open-int8.ts';
import { keepSpeed } from './explain/speed.ts';
import { checkMissing } from './images/list/check-missing.ts';
import type { ImageList } from './images/list/image-file.ts';
import { listImages } from './images/list/list.ts';
import type { openPixelPipeline } from './images/pipeline/pipeline.ts';
import type { ViewRecipe } from './images/views/views.ts';
import { InputLedger } from './input-ledger.ts';
import {
  type CalibrationRequest,
  calibrationFields,
  keepCalibration,
  type OpenedCalibration,
  openCalibration,
  removeOtherCalibrations,
} from './open-calibration.ts';
import { type AskedPreprocessing, choosePreprocessing } from './preprocessing.ts';
import { type StepSeconds, Stopwatch } from './stopwatch.ts';

/** Where the network comes from: known before it is opened, so that a run without new images never opens it. */
export interface NetworkSource {
  readonly architecture: string;
  readonly weightsSha256: string;
  /** As the user named them. */
  readonly weights: string;
  /** Absolute path of the weights file; absent for `random`. */
  readonly weightsFile?: string;
  /** The seed of `random`. */
  readonly weightsSeed?: number;
  /** The shorter side after Resize that the weights were trained for; absent where they do not say. */
  readonly resize?: number;
  /** @param calibration makes the network int8 */
  open(preprocessing: Preprocessing, tap: string, calibration?: Calibration): Promise<Backbone>;
  /** Calibrates the network on sample images, and compares it in int8 with itself in float32. */
  prepareInt8(preprocessing: Preprocessing, tap: string, sample: Sample): Promise<Int8Preparation>;
}

export interface ExtractOptions {
  /** The data folder. */
  readonly data: string;
  /** Name of the feature set; default: the data folder's. */
  readonly name?: string;
  /** Where feature sets live. */
  readonly cache: string;
  /** Asked for once the data folder is known to be in order: weights may have to be downloaded. */
  readonly network: () => Promise<NetworkSource>;
  readonly tap: string;
  readonly pool: Pool;
  readonly preprocessing: AskedPreprocessing;
  readonly dtype: Dtype;
  readonly precision: Precision;
  /** Draws the images that int8 is calibrated on. Default: 0. */
  readonly seed?: number;
  /** Rows per run of the network. */
  readonly batch: number;
  /** Augmented views to keep beside each plain image. */
  readonly views?: ViewRecipe;
  /** Threads that decode; default: the machine's cores. */
  readonly threads?: number;
  readonly skipUnreadable?: boolean;
  readonly allowMissing?: boolean;
  /** Compute a set anew that was made otherwise. */
  readonly replace?: boolean;
  /** Write the shards anew without the rows of images that are gone. */
  readonly prune?: boolean;
  /** Read every file's bytes again, whatever its size and times say. */
  readonly rehash?: boolean;
  readonly shardBytes?: number;
  readonly checkpointSeconds?: number;
  /** As typed; an interrupted run names it to go on. */
  readonly command: string;
  /** Of this program, for the manifest. */
  readonly version: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Lines worth showing before the long work. */
  readonly onNote?: (line: string) => void;
  readonly onWarning?: (line: string) => void;
  /** The disk; tests hand in one that fails. */
  readonly files?: Files;
  /** What decodes; default: worker threads. */
  readonly openPipeline?: typeof openPixelPipeline;
}

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
  /** Images in the data folder that are no inputs: without a line in labels.csv, or in Kaggle's test folder. */
  readonly leftOut: { readonly unnamed: number; readonly unlabelled: number };
}

/**
 * Runs the network over the images of a folder that have no row yet, and publishes the feature set.
 *
 * @throws UserError naming the file or option; what was computed until then is on the disk, and the next run goes on
 * @throws InterruptedError once the signal is aborted, in the same state
 */
export async function extract(options: ExtractOptions): Promise<ExtractResult> {
  const watch = new Stopwatch();
  const list = await watch.time('list', () => listInputs(options));
  return withNetwork(options, list, watch, (run) => fillSet(run, featureFolder(options), list, watch));
}

/**
 * The images of the data folder.
 *
 * @throws UserError when files are missing that its labels name, unless that is allowed
 */
export async function listInputs(options: Pick<ExtractOptions, 'data' | 'allowMissing'>): Promise<ImageList> {
  const list = await listImages(options.data);
  checkMissing(list, { allowMissing: options.allowMissing === true });
  return list;
}

/**
 * Reads the network's weights and, for int8, opens its calibration; both are held while `work` goes on.
 *
 * @param list all images of the data folder: the sample that int8 is calibrated on is drawn from these
 * @param calibrate opens the calibration; default: the one in the set's folder, else a new one
 */
export async function withNetwork<T>(
  options: ExtractOptions,
  list: ImageList,
  watch: Stopwatch,
  work: (run: Run) => Promise<T>,
  calibrate: (request: CalibrationRequest) => Promise<OpenedCalibration> = openCalibration,
): Promise<T> {
  const { files = nodeFiles } = options;
  const network = await options.network();
  const preprocessing = choosePreprocessing(options.preprocessing, network.resize);
  const run: Run = { ...options, files, network, preprocessing };
  if (options.precision === 'float32') return work(run);
  const int8 = await watch.time('open', () => calibrate(calibrationRequest(run, list)));
  try {
    return await work({ ...run, int8 });
  } finally {
    await int8.backbone?.close();
  }
}

function calibrationRequest(run: Run, { images }: ImageList): CalibrationRequest {
  const { files, network, preprocessing, tap, seed = 0, onNote = () => {}, onWarning = onNote } = run;
  return { files, folder: featureFolder(run), network, preprocessing, tap, images, seed, onNote, onWarning };
}

async function fillSet(run: Run, folder: string, list: ImageList, watch: Stopwatch): Promise<ExtractResult> {
  const { files } = run;
  const writer = await FeatureWriter.open(files, folder, writerSettings(run, list.root));
  const ledger = new InputLedger(list, writer, { rehash: run.rehash === true });
  try {
    const resumedImages = writer.resumedImages;
    const knownImages = writer.rowOf.size;
    if (run.int8 !== undefined) await keepCalibration(files, folder, run.int8);
    const device = await addRows(run, list, writer, ledger, watch);
    if (writer.rowOf.size === 0) throw new NothingReadableError(list, ledger.ending().outcomes);
    const newImages = writer.rowOf.size - knownImages;
    const manifest = await watch.time('write', () => writer.finish(ledger.ending(), run.prune));
    if (run.int8 !== undefined) await removeOtherCalibrations(files, folder, run.int8);
    const keptImages = manifest.imageCount - newImages;
    const seconds = watch.stop();
    if (device !== undefined) {
      const { threads: cores = usableCores() } = run;
      const speed = { device, cores, images: newImages, seconds: seconds.total };
      await keepSpeed(files, folder, manifest.fields, speed);
    }
    const leftOut = { unnamed: list.unnamed.length, unlabelled: list.unlabelled.length };
    return { folder, manifest, newImages, resumedImages, keptImages, seconds, leftOut };
  } catch (error) {
    // What was computed must not be lost, whatever ends the run; that reason is the one to tell.
    await writer.save().catch(() => undefined);
    if (error instanceof InterruptedError) throw new InterruptedError(run.command);
    const bytesLeft = writer.bytesToFinish(list.images.length - ledger.settledCount);
    throw error instanceof DiskFullError && bytesLeft !== undefined ? error.toFinish(bytesLeft) : error;
  } finally {
    await writer.close();
  }
}

/** Absolute path of the feature set that the options name. */
export function featureFolder({ data, name, cache }: Pick<ExtractOptions, 'data' | 'name' | 'cache'>): string {
  const folderName = name ?? basename(resolve(data));
  // A name is one folder below the cache: `..` or a path would write elsewhere.
  if (folderName === '' || folderName === '.' || folderName === '..' || /[\\/]/.test(folderName)) {
    throw usageError('--name', folderName, 'the name of a folder below the cache', '--name dogs');
  }
  return join(resolve(cache), folderName);
}

/** What the writer is told of a run: its fingerprint above all. */
export function writerSettings(run: Run, dataFolder: string): WriterSettings {
  const { network, tap, pool, preprocessing, dtype, precision } = run;
  const { architecture, weightsSha256 } = network;
  const { replace, shardBytes, checkpointSeconds } = run;
  return {
    fields: {
      architecture,
      weightsSha256,
      tap,
      pool,
      preprocessing,
      dtype,
      precision,
      ...(run.int8 === undefined ? {} : { calibration: calibrationFields(run.int8) }),
      ...(run.views === undefined ? {} : { views: run.views }),
    },
    // A batch holds whole images, each with its views.
    batchImages: Math.max(1, Math.floor(run.batch / (1 + (run.views?.count ?? 0)))),
    dataFolder,
    command: run.command,
    ...(replace === undefined ? {} : { replace }),
    ...(shardBytes === undefined ? {} : { shardBytes }),
    ...(checkpointSeconds === undefined ? {} : { checkpointSeconds }),
  };
}

/** Not one of the inputs gave a row: there is no feature set to publish. */
export class NothingReadableError extends UserError {
  readonly outcomes: readonly Outcome[];

  constructor(list: ImageList, outcomes: readonly Outcome[]) {
    const first = outcomes[0];
    super({
      what: 'none of the images could be read',
      where: list.root,
      ...(first === undefined
        ? {}
        : { found: `${list.images.length} images; the first: ${first.path}: ${first.reason}` }),
      expected: 'at least one whole image',
    });
    this.outcomes = outcomes;
  }
}
