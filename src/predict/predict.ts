import type { PixelBatch, TapMap } from '../extract/backbone/backbone.ts';
import type { ImageFile } from '../extract/images/list/image-file.ts';
import type { PixelPipeline, PixelRecipe, PixelsReady } from '../extract/images/pipeline/pixel-result.ts';
import { rgbOf } from '../extract/images/samples.ts';
import { stackBeside } from '../extract/stack-pixels.ts';
import { rankedClasses } from '../metrics/metrics.kernel.ts';
import type { FittedHead, Prediction } from '../models/model.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { valueAt } from '../system/at.ts';
import type { Evidence, EvidenceMaps } from './evidence/evidence.ts';

/** Features, [batch.rowCount, dims], and the tap's values from the same run of the network. */
export interface EmbeddedRows extends Matrix {
  readonly tap: TapMap;
}

/** Computes features as in the feature set of a head. Owns native memory: `close()` it. */
export interface Embedder {
  /** Pixel recipe of the first network, including those of further networks. */
  readonly recipe: PixelRecipe;
  /** Shape of the first network's tap before pooling, e.g. [channels, height, width]. */
  readonly tapShape: readonly number[];
  /** @param batches the same images for each network, as in `recipe` */
  embed(...batches: readonly PixelBatch[]): Promise<EmbeddedRows>;
  close(): Promise<void>;
}

export interface ImagePrediction {
  readonly outcome: 'predicted';
  readonly image: ImageFile;
  /** Predicted class number. */
  readonly predicted: number;
  /** In the order of the head's classes; sums to 1. */
  readonly probabilities: Float32Array;
  /** The features, as in a feature set. */
  readonly features: Float32Array;
  /** Input of the (first) network: [crop, crop, 3], RGB. */
  readonly pixels: Uint8Array;
  /** Class activation map of the predicted class, if requested. */
  readonly evidence: Evidence | undefined;
  /** Whether 16-bit grey samples were clipped at 255, as for the head's features. */
  readonly clipped: boolean;
}

interface ImageFailure {
  readonly outcome: 'failed';
  readonly image: ImageFile;
  readonly reason: string;
}

export type ImageOutcome = ImagePrediction | ImageFailure;

interface PredictOptions {
  readonly pipeline: PixelPipeline;
  readonly embedder: Embedder;
  readonly head: FittedHead;
  readonly evidence?: EvidenceMaps | undefined;
  readonly batch: number;
  readonly signal?: AbortSignal;
}

/**
 * One outcome per image, in the order given. Holds only a batch and what the pipeline reads ahead. An image that cannot
 * be read is an outcome, not an exception.
 */
export async function* predictImages(
  images: AsyncIterable<ImageFile>,
  options: PredictOptions,
): AsyncGenerator<ImageOutcome> {
  const { pipeline, batch, signal } = options;
  const waiting: (PixelsReady | ImageFailure)[] = [];
  let readyCount = 0;
  for await (const result of pipeline.decode(images)) {
    signal?.throwIfAborted();
    if (result.outcome === 'known') throw new Error('predict asks for the pixels of every image');
    if (result.outcome === 'failed') {
      waiting.push({ outcome: 'failed', image: result.image, reason: result.reason });
    } else {
      waiting.push(result);
      readyCount++;
    }
    // Failures must not accumulate while a batch is incomplete.
    if (readyCount === batch || waiting.length >= 8 * batch) {
      yield* predictBatch(waiting.splice(0), options);
      readyCount = 0;
    }
  }
  yield* predictBatch(waiting, options);
}

async function* predictBatch(
  results: readonly (PixelsReady | ImageFailure)[],
  options: PredictOptions,
): AsyncGenerator<ImageOutcome> {
  const ready = results.filter((result): result is PixelsReady => result.outcome === 'pixels');
  const answers = ready.length === 0 ? undefined : await answersTo(ready, options);
  let row = 0;
  for (const result of results) {
    if (result.outcome === 'failed') yield result;
    else {
      const { prediction, features } = answers as Answers;
      const predicted = valueAt(prediction.predicted, row);
      yield {
        outcome: 'predicted',
        image: result.image,
        predicted,
        probabilities: rowOf(prediction.probabilities, row),
        features: rowOf(features, row),
        pixels: rgbOf(result.pixels, options.pipeline.recipe),
        evidence: options.evidence?.evidenceOf(features.tap, row, predicted),
        clipped: result.clipped,
      };
      row++;
    }
  }
}

/** One row per image. */
interface Answers {
  readonly prediction: Prediction;
  readonly features: EmbeddedRows;
}

function rowOf({ data, columnCount }: Matrix, row: number): Float32Array {
  return data.slice(row * columnCount, (row + 1) * columnCount);
}

async function answersTo(ready: readonly PixelsReady[], options: PredictOptions): Promise<Answers> {
  const { pipeline, embedder, head } = options;
  const images = ready.map(({ pixels, beside = [] }) => [pixels, ...beside]);
  const features = await embedder.embed(...stackBeside(cropsOf(pipeline.recipe), images));
  return { prediction: await head.predictBoth(features), features };
}

export function cropsOf({ crop, beside = [] }: PixelRecipe): readonly number[] {
  return [crop, ...beside.map((recipe) => recipe.crop)];
}

export interface RankedClass {
  readonly class: string;
  readonly probability: number;
}

/** Predicted class of an image, and the probabilities of all classes. */
export type Classification = Pick<ImagePrediction, 'predicted' | 'probabilities'>;

/** The predicted class and the most probable others, `count` in all; ties in the order of the classes. */
export function topClasses(
  { probabilities, predicted }: Classification,
  classes: readonly string[],
  count: number,
): readonly RankedClass[] {
  return rankedClasses(probabilities, predicted)
    .slice(0, count)
    .map((c) => ({ class: valueAt(classes, c), probability: valueAt(probabilities, c) }));
}
