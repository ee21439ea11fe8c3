import { loadReportHead } from '../predict/load-head.ts';
import { type RankedClass, topClasses } from '../predict/predict.ts';
import { type PredictPathsOptions, predictPaths } from '../predict/predict-paths.ts';

/** What `predict` may be told; the names and defaults are those of its options on the command line. */
export interface PredictOptions extends Omit<PredictPathsOptions, 'stdin' | 'onFailure'> {
  /** Folder of a report, as `classify` writes it. */
  readonly head: string;
  /** Files, folders and globs. */
  readonly images: readonly string[];
  /** Classes to give for each image. Default: 5. */
  readonly top?: number;
}

/** What a head says of an image: the most probable classes first, or why there is no answer. */
export type Answer =
  | { readonly path: string; readonly classes: readonly RankedClass[] }
  | { readonly path: string; readonly reason: string };

/**
 * Classifies images by the head of a report, in the order in which they are named; what cannot be read is an answer too.
 *
 * @throws UserError when there is no such head, or the network that made its features is gone
 */
export async function* predict({ head: folder, images, top = 5, ...options }: PredictOptions): AsyncGenerator<Answer> {
  const shipped = await loadReportHead(folder);
  const failures: Answer[] = [];
  const onFailure = (failure: Answer): number => failures.push(failure);
  const nothing = (async function* () {})();
  for await (const outcome of predictPaths(shipped, images, { ...options, stdin: nothing, onFailure })) {
    const path = outcome.image.relativePath;
    if (outcome.outcome === 'failed') yield { path, reason: outcome.reason };
    else yield { path, classes: topClasses(outcome.probabilities, shipped.head.classes, top) };
  }
  yield* failures;
}
