import type { Evidence } from '../predict/evidence/evidence.ts';
import { classSets } from '../predict/knowing.ts';
import { loadReportHead, type ShippedHead } from '../predict/load-head.ts';
import { embedderOptions, knowingOptions, sayingOptions } from '../predict/options.ts';
import type { ImagePrediction, RankedClass } from '../predict/predict.ts';
import { type PredictPathsOptions, predictPaths } from '../predict/predict-paths.ts';
import { type SayOptions, say } from '../predict/say.ts';
import type { LikePhoto } from '../predict/training-photos.ts';
import { type GivenOptions, type OptionValues, readOptions } from '../system/options.ts';

/** Options of `predict`: those of the command line, with the same names and defaults. */
export interface PredictOptions
  extends GivenOptions<typeof embedderOptions & typeof sayingOptions & typeof knowingOptions>,
    Pick<PredictPathsOptions, 'signal' | 'onNote'> {
  /** Folder of a report, as `classify` writes it. */
  readonly head: string;
  /** Files, folders and globs. */
  readonly images: readonly string[];
  /** Adds the class activation map of the predicted class; an error where the head has none. */
  readonly evidence?: boolean;
}

/** What a head says of an image it could read. */
export interface Answered {
  readonly path: string;
  /** The predicted class first, then the most probable others. */
  readonly classes: readonly RankedClass[];
  /** Where the predicted class, won by votes, is less probable than this one. */
  readonly mostProbable?: RankedClass;
  /** With `coverage` or `abstain`: the classes of the set, the predicted one first. */
  readonly set?: readonly RankedClass[];
  /** With `abstain`: the only class of the set; null for "not sure". */
  readonly answer?: string | null;
  /** With `unlike`: whether the image is unlike the training photos. */
  readonly unlike?: boolean;
  /** With `why`: the nearest training photos, nearest first. */
  readonly like?: readonly LikePhoto[];
  /** With `evidence`, or `why` where the head can say: the mean of the map is the score of the predicted class. */
  readonly evidence?: Evidence;
}

/** What a head says of an image, or why there is no answer. */
export type Answer = Answered | { readonly path: string; readonly reason: string };

/**
 * Classifies images by the head of a report, in the order in which they are named; what cannot be read is an answer too.
 *
 * @throws UserError when there is no such head, the network that made its features is gone, or the head cannot say what
 * is asked
 */
export async function* predict(options: PredictOptions): AsyncGenerator<Answer> {
  const { head: folder, images, evidence = false, signal, onNote, ...given } = options;
  const values = readOptions({ ...embedderOptions, ...sayingOptions, ...knowingOptions }, { ...given }, 'program');
  const { weights, seed, threads, batch, why } = values;
  const heard = { ...(signal && { signal }), ...(onNote && { onNote }) };
  const shipped = await loadReportHead(folder);
  const asked = await sayOptions(shipped, values, onNote);
  const failures: Answer[] = [];
  const onFailure = (failure: Answer): number => failures.push(failure);
  const nothing = (async function* () {})();
  const maps = evidence ? 'must' : why ? 'may' : undefined;
  for await (const outcome of predictPaths(shipped, images, {
    ...heard,
    weights,
    seed,
    threads,
    batch,
    evidence: maps,
    stdin: nothing,
    onFailure,
  })) {
    const path = outcome.image.relativePath;
    if (outcome.outcome === 'failed') yield { path, reason: outcome.reason };
    else yield { path, ...(await answerTo(outcome, shipped, asked)) };
  }
  yield* failures;
}

async function sayOptions(
  { report }: ShippedHead,
  {
    top,
    coverage,
    abstain,
    unlike,
    why,
    threads,
  }: OptionValues<typeof embedderOptions & typeof sayingOptions & typeof knowingOptions>,
  onNote: PredictOptions['onNote'],
): Promise<SayOptions> {
  const sets = coverage === undefined && !abstain ? undefined : classSets(report, coverage);
  if (sets?.warning !== undefined) onNote?.(sets.warning);
  if (!unlike && !why) return { top, setOf: sets?.setOf, abstain };
  const { openTrainingPhotos } = await import('../predict/training-photos.ts');
  const photos = await openTrainingPhotos(report, threads);
  if (photos.note !== undefined) onNote?.(photos.note);
  return { top, setOf: sets?.setOf, abstain, photos, unlike, why };
}

async function answerTo(
  outcome: ImagePrediction,
  { head }: ShippedHead,
  asked: SayOptions,
): Promise<Omit<Answered, 'path'>> {
  const { top: classes, set, ...said } = await say(outcome, head.classes, asked, outcome.evidence);
  return { classes, ...(set === undefined ? {} : { set: set.classes }), ...said };
}
