import type { Evidence } from '../predict/evidence/evidence.ts';
import { type AnswerOptions, type ImageAnswer, imageAnswer } from '../predict/image-answer.ts';
import { loadReportHead, type ShippedHead } from '../predict/load-head.ts';
import { answerOptions, embedderOptions, uncertaintyOptions } from '../predict/options.ts';
import type { ImagePrediction, RankedClass } from '../predict/predict.ts';
import { type PredictPathsOptions, predictPaths } from '../predict/predict-paths.ts';
import { openUncertainty } from '../predict/uncertainty.ts';
import { type GivenOptions, readOptions } from '../system/options.ts';

/** Options of `predict`: those of the command line, with the same names and defaults. */
export interface PredictOptions
  extends GivenOptions<typeof embedderOptions & typeof answerOptions & typeof uncertaintyOptions>,
    Pick<PredictPathsOptions, 'signal' | 'onNote'> {
  /** Folder of a report, as `classify` writes it. */
  readonly head: string;
  /** Files, folders and globs. */
  readonly images: readonly string[];
  /** Adds the class activation map of the predicted class; an error if the head has none. */
  readonly evidence?: boolean;
}

/** A head's answer for an image. */
export interface Answered extends Omit<ImageAnswer, 'top' | 'set' | 'evidence'> {
  readonly path: string;
  /** The predicted class first, then the most probable others. */
  readonly classes: readonly RankedClass[];
  /** With `coverage` or `abstain`: the prediction set, predicted class first. */
  readonly set?: readonly RankedClass[];
  /** With `evidence`, or `why` if the head has a map: its mean is the score of the predicted class. */
  readonly evidence?: Evidence;
}

/** A head's answer for an image, or why there is none. */
export type Answer = Answered | { readonly path: string; readonly reason: string };

/**
 * Classifies images with the head of a report, in the order given. An image that cannot be read gives an answer with
 * the reason.
 *
 * @throws UserError if there is no such head, the network that computed its features is missing, or the head does not
 *   support an option
 */
export async function* predict(options: PredictOptions): AsyncGenerator<Answer> {
  const { head: folder, images, evidence = false, signal, onNote, ...given } = options;
  const values = readOptions({ ...embedderOptions, ...answerOptions, ...uncertaintyOptions }, { ...given }, 'program');
  const { weights, seed, threads, batch, top, why } = values;
  const heard = { ...(signal && { signal }), ...(onNote && { onNote }) };
  const shipped = await loadReportHead(folder);
  const tell = (line: string): void => onNote?.(line);
  const asked = { top, ...(await openUncertainty(shipped.report, values, threads, { warn: tell, note: tell })) };
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

async function answerTo(
  outcome: ImagePrediction,
  { head }: ShippedHead,
  asked: AnswerOptions,
): Promise<Omit<Answered, 'path'>> {
  const { top: classes, set, ...answered } = await imageAnswer(outcome, head.classes, asked, outcome.evidence);
  return { classes, ...(set === undefined ? {} : { set: set.classes }), ...answered };
}
