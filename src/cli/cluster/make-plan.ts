import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterPlan } from '../../cluster/plan/plan.ts';
import { taskMemoryGB } from '../../cluster/plan/plan.ts';
import { shareWeights, weightsHome } from '../../cluster/plan/shared-weights.ts';
import { measureRate, rateOfLastRun, type TaskRate } from '../../cluster/plan/task-rate.ts';
import type { AskedExtract } from '../../extract/asked-extract.ts';
import type { ImageList } from '../../extract/images/list/image-file.ts';
import { readingOf } from '../../extract/network-source.ts';
import { listInputs } from '../../extract/open-run.ts';
import { choosePreprocessing } from '../../extract/preprocessing.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { nodeFiles } from '../../system/files.ts';
import type { RawOptions } from '../../system/options.ts';
import { counted } from '../../system/printable.ts';
import type { OnProgress } from '../../system/progress.ts';
import { program } from '../../system/version.ts';
import { loadAskedNetwork } from '../extract/asked-network.ts';
import type { Session } from '../verb.ts';
import { absoluteWeights, isBelow, type PlanRequest, taskArguments } from './plan-options.ts';

/**
 * Sizes a plan: counts the images, determines the speed of a task, and puts known weights where tasks find them.
 *
 * @throws UserError as `extract` does for the data folder and the weights
 */
export async function makePlan(
  asked: PlanRequest,
  request: AskedExtract,
  given: RawOptions,
  session: Session,
  onProgress: OnProgress,
): Promise<ClusterPlan> {
  const { tasks, cpus, gpus } = asked;
  const { folder } = request.plan;
  const [name, cache, data] = [basename(folder), dirname(folder), resolve(request.plan.data)];
  if (request.plan.weights.startsWith('hf:')) {
    const fix = 'download its files once, and name their folder: --weights FOLDER, one that all nodes see';
    throw usageError('--weights', request.plan.weights, 'weights that no task has to download', fix);
  }
  const weights = absoluteWeights(request.plan.weights);
  if (asked.on === 'kubernetes') checkMounts(data, cache, weights);
  else checkFile(weights);
  const { list, imageCount, listSeconds } = await countImages(asked, request);
  if (tasks > imageCount)
    throw usageError('--tasks', String(tasks), `at most one for each of the ${counted(imageCount, 'image')}`);
  // Without --device, a task would silently use whatever the node has.
  const device = request.plan.device === 'auto' && gpus > 0 ? 'cuda' : request.plan.device;
  const { rate, source } = await taskRate(asked, request, folder, list, session, onProgress);
  const home = weightsHome(weights, cache);
  // A claim that is not mounted here cannot be prepared.
  if (asked.on === 'slurm' || existsSync(cache)) {
    await shareWeights(weights, cache, { signal: session.signal });
  } else if (home !== undefined) {
    session.note(`each pod downloads ${weights} unless it lies in ${home} on the claim: docs/cluster.md says how`);
  }
  const shared = [
    ...taskArguments(given, { name, data, cache, weights, layout: request.plan.layout }),
    ...['--threads', String(cpus)],
    ...(device === 'auto' ? [] : ['--device', device]),
  ];
  return {
    name,
    partCount: tasks,
    imageCount,
    listSeconds,
    rate,
    rateSource: source,
    cpusPerTask: cpus,
    gpusPerTask: gpus,
    memoryGB: asked.memory ?? taskMemoryGB(imageCount, cpus, gpus),
    program: asked.on === 'slurm' ? [process.execPath, programFile] : ['featuretap'],
    extractArguments: shared,
    mergeArguments: shared,
    data,
    cache,
    weightsHome: home,
  };
}

/** The program's own launcher. */
const programFile = fileURLToPath(new URL('scripts/featuretap.cjs', program().folder));

interface Counted {
  readonly list?: ImageList;
  readonly imageCount: number;
  readonly listSeconds: number;
}

/** Names listed per second on a slow shared disk, for folders not on this machine. */
const namesPerSecond = 10_000;

async function countImages({ imageCount }: PlanRequest, { plan, policy }: AskedExtract): Promise<Counted> {
  if (imageCount !== undefined) return { imageCount, listSeconds: imageCount / namesPerSecond };
  const started = performance.now();
  const list = await listInputs(plan, policy);
  return { list, imageCount: list.images.length, listSeconds: (performance.now() - started) / 1000 };
}

async function taskRate(
  { rate, ...task }: PlanRequest,
  request: AskedExtract,
  folder: string,
  list: ImageList | undefined,
  session: Session,
  onProgress: OnProgress,
): Promise<TaskRate> {
  if (rate !== undefined) return { rate, source: 'as given by --rate' };
  const network = await loadAskedNetwork(request, session, onProgress);
  const { architecture } = network;
  const { precision, views } = request.plan;
  const { tap } = readingOf(network, request.plan);
  const { batch } = request.policy;
  const preprocessing = choosePreprocessing(request.plan.preprocessing, network.trainedWith);
  const last = await rateOfLastRun(
    nodeFiles,
    folder,
    { architecture, precision, preprocessing, ...(views && { views }) },
    task,
  );
  if (last !== undefined) return last;
  if (list === undefined) {
    throw usageError(
      '--images',
      'given, and no speed of this network was measured here',
      'a rate',
      '--rate IMAGES_PER_SECOND',
    );
  }
  session.note('measuring the speed on a few of the images');
  const { images } = list;
  const { signal } = session;
  return measureRate({ images, network, preprocessing, tap, precision, batch, views, task, signal });
}

/** A pod sees its two mounts and no other folder of this machine. */
function checkMounts(data: string, cache: string, weights: string): void {
  for (const [option, path] of [
    ['--data', data],
    ['--cache', cache],
  ] as const) {
    if (!path.includes(':')) continue;
    throw usageError(option, path, 'a path without a colon: Kubernetes cannot mount at a path with one');
  }
  if (!isAbsolute(weights) || isBelow(weights, data) || isBelow(weights, cache)) return;
  throw new UserError({
    what: 'the pods would not see the weights',
    where: weights,
    expected: `a file below --cache (${cache}) or --data (${data}), which are mounted`,
    fix: 'put it there, as on the claim, and name that path',
  });
}

/** Fails here instead of in every task. */
function checkFile(weights: string): void {
  if (!isAbsolute(weights) || existsSync(weights)) return;
  throw new UserError({ what: 'there is no such weights file', where: weights, fix: 'a file that all nodes see' });
}
