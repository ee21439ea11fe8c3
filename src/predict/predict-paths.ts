import { openPixelPipeline } from '../extract/images/pipeline/pipeline.ts';
import { type EmbedderOptions, featureRecipe, openEmbedder } from './embedder.ts';
import { type InputOptions, openInputs } from './inputs.ts';
import type { ShippedHead } from './load-head.ts';
import { type ImageOutcome, predictImages } from './predict.ts';

export interface PredictPathsOptions extends Omit<EmbedderOptions, 'device'>, InputOptions {
  /** Images per run of the network. Default: 8, past which ResNet50 gains nothing on a CPU and answers come later. */
  readonly batch?: number;
  readonly signal?: AbortSignal;
}

/**
 * Classifies what files, folders, globs and `-` name by the head of a report, in their order. An image that cannot be
 * read is an outcome; what names no image is told to `onFailure`.
 */
export async function* predictPaths(
  { head, report }: ShippedHead,
  paths: readonly string[],
  options: PredictPathsOptions,
): AsyncGenerator<ImageOutcome> {
  const { batch = 8, signal, threads } = options;
  const { preprocessing } = featureRecipe(report).fields;
  const embedder = await openEmbedder(report, { ...options, device: 'cpu' });
  const pipeline = openPixelPipeline(preprocessing, { ...(signal && { signal }), ...(threads && { threads }) });
  const inputs = openInputs(paths, options);
  try {
    yield* predictImages(inputs.images, { pipeline, embedder, head, batch, ...(signal && { signal }) });
  } finally {
    await inputs.close();
    await pipeline.close();
    await embedder.close();
  }
}
