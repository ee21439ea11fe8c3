import type { Preprocessing } from '../features/manifest/manifest.ts';
import type { WriterSettings } from '../features/run/open-run.ts';
import { usageError } from '../system/errors.ts';
import { type Files, nodeFiles } from '../system/files.ts';
import {
  type ActivationRangesRequest,
  activationRangesFields,
  type OpenedActivationRanges,
  openActivationRanges,
} from './activation-ranges.ts';
import { checkClasses, checkMissing } from './images/list/check-classes.ts';
import type { ImageList } from './images/list/image-file.ts';
import { listImages } from './images/list/list.ts';
import { type NetworkSource, readingOf } from './network-source.ts';
import type { ExtractPlan, ExtractPolicy, ExtractRequest, SettledPlan } from './plan.ts';
import { choosePreprocessing } from './preprocessing.ts';
import { Stopwatch } from './stopwatch.ts';
import type { Reading } from './weights/hub/reading.ts';

/** A run: the request and what it holds open. */
export interface ExtractRun extends ExtractRequest {
  readonly plan: SettledPlan;
  readonly files: Files;
  readonly network: NetworkSource;
  readonly preprocessing: Preprocessing;
  /** Only with int8. */
  readonly int8: OpenedActivationRanges | undefined;
  readonly watch: Stopwatch;
}

/**
 * Lists the images, loads the network's weights and, for int8, the activation ranges, then calls `work`.
 *
 * @param openRanges opens the activation ranges; default: those in the set's folder, else new ones
 * @throws UserError if labelled files are missing, unless allowed, or the weights are invalid
 */
export async function withRun<T>(
  request: ExtractRequest,
  work: (run: ExtractRun, list: ImageList) => Promise<T>,
  openRanges: (request: ActivationRangesRequest) => Promise<OpenedActivationRanges> = openActivationRanges,
): Promise<T> {
  const { plan: asked, policy, context } = request;
  const { files = nodeFiles } = context;
  const watch = new Stopwatch();
  const list = await watch.time('list', () => listInputs(asked, policy, context.signal));
  const network = await context.network();
  const plan = { ...asked, ...readingOf(network, asked) };
  const preprocessing = choosePreprocessing(plan.preprocessing, network.trainedWith);
  const { folder, tap, seed } = plan;
  const { onNote = () => {}, onWarning = onNote } = context;
  const ranges = { files, folder, network, preprocessing, tap, images: list.images, seed, onNote, onWarning };
  const int8 = plan.precision === 'int8' ? await watch.time('open', () => openRanges(ranges)) : undefined;
  try {
    return await work({ ...request, plan, files, network, preprocessing, int8, watch }, list);
  } finally {
    await int8?.backbone?.close();
  }
}

/**
 * The images of the data folder.
 *
 * @throws UserError if labelled files are missing, unless allowed, or all images have the same label
 */
export async function listInputs(
  { data, layout }: ExtractPlan,
  { allowMissing }: ExtractPolicy,
  signal?: AbortSignal,
): Promise<ImageList> {
  const list = await listImages(data, layout, signal);
  checkMissing(list, { allowMissing: allowMissing === true });
  checkClasses(list);
  return list;
}

/** Settings of the writer, including the fingerprint. @param reading tap and pool of the set; default: the plan's */
export function writerSettings(
  { plan, policy, context, network, preprocessing, int8 }: Omit<ExtractRun, 'files' | 'watch'>,
  dataFolder: string,
  reading: Reading = plan,
): WriterSettings {
  const { tap, pool, prefixTokens } = reading;
  const { dtype, precision, views } = plan;
  const { architecture, weightsSha256 } = network;
  const { batch, replace, shardBytes, checkpointSeconds } = policy;
  const { channels = 3 } = preprocessing;
  if (views !== undefined && channels !== 1 && channels !== 3)
    throw usageError(
      '--views',
      `views of images of ${channels} bands`,
      'views of grey or RGB images',
      'leave --views out',
    );
  return {
    fields: {
      architecture,
      weightsSha256,
      tap,
      pool,
      ...(prefixTokens === undefined ? {} : { prefixTokens }),
      preprocessing,
      dtype,
      precision,
      ...(int8 && { calibration: activationRangesFields(int8) }),
      ...(views && { views }),
    },
    // A batch holds whole images, each with its views.
    batchImages: Math.max(1, Math.floor(batch / (1 + (views?.count ?? 0)))),
    dataFolder,
    command: context.command,
    replace,
    shardBytes,
    checkpointSeconds,
  };
}
