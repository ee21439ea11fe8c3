import { openPixelPipeline } from '../extract/images/pipeline/pipeline.ts';
import { UserError } from '../system/errors.ts';
import { type EmbedderOptions, openEmbedder } from './embedder.ts';
import type { EvidenceMaps } from './evidence/evidence.ts';
import { evidenceOfHead } from './evidence/evidence-of-head.ts';
import { type InputOptions, openInputs } from './inputs.ts';
import type { ShippedHead } from './load-head.ts';
import { type ImageOutcome, predictImages } from './predict.ts';

export interface PredictPathsOptions extends Omit<EmbedderOptions, 'device'>, InputOptions {
  /** Images per run of the network. Default: 8; more do not speed up a ResNet50 on a CPU, and delay answers. */
  readonly batch?: number;
  readonly signal?: AbortSignal;
  /** Class activation maps: `must` throws if the head has none, `may` calls `onNote`. */
  readonly evidence?: 'must' | 'may' | undefined;
}

/**
 * Classifies the images of files, folders, globs and `-` with the head of a report, in order. An unreadable image is an
 * outcome; a path without images is reported to `onFailure`.
 */
export async function* predictPaths(
  shipped: ShippedHead,
  paths: readonly string[],
  options: PredictPathsOptions,
): AsyncGenerator<ImageOutcome> {
  const { batch = 8, signal, threads } = options;
  const { head, report } = shipped;
  const embedder = await openEmbedder(report, { ...options, device: 'cpu' });
  const pipeline = openPixelPipeline(embedder.recipe, { ...(signal && { signal }), ...(threads && { threads }) });
  const inputs = openInputs(paths, options);
  try {
    const evidence = await evidenceMaps(shipped, embedder.tapShape, options);
    yield* predictImages(inputs.images, { pipeline, embedder, head, evidence, batch, ...(signal && { signal }) });
  } finally {
    await inputs.close();
    await pipeline.close();
    await embedder.close();
  }
}

async function evidenceMaps(
  shipped: ShippedHead,
  tapShape: readonly number[],
  { evidence, onNote }: PredictPathsOptions,
): Promise<EvidenceMaps | undefined> {
  if (evidence === undefined) return undefined;
  const maps = await evidenceOfHead(shipped, tapShape);
  if (typeof maps !== 'string') return maps;
  if (evidence === 'must') throw noEvidence(shipped.report.report, maps);
  onNote?.(`no class activation map: ${maps}`);
  return undefined;
}

function noEvidence(where: string, found: string): UserError {
  return new UserError({
    what: 'this head has no class activation map',
    where,
    found,
    expected: 'a linear, ridge or svm head (the svm with its linear kernel) on features pooled by their mean',
    fix: 'featuretap classify --model linear trains one; --why alone names the nearest training photos',
    exitCode: 2,
  });
}
