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

/** Features, [batch.rowCount, dims], and what they were pooled of, in the same run of the network. */
export interface EmbeddedRows extends Matrix {
  readonly tap: TapMap;
}

/** Turns images into rows of the feature set that a head was trained on. Owns native memory: `close()` it. */
export interface Embedder {
  /** Of the pixels that it takes: the first network's, and beside it those of the others. */
  readonly recipe: PixelRecipe;
  /** Of one image at the first network's tap, before the pool: [channels, height, width], say. */
  readonly tapShape: readonly number[];
  /** @param batches the same images for each network that the row is made of, as `recipe` says */
  embed(...batches: readonly PixelBatch[]): Promise<EmbeddedRows>;
  close(): Promise<void>;
}

export interface ImagePrediction {
  readonly outcome: 'predicted';
  readonly image: ImageFile;
  /** Class number: the first one that is named, which accuracy counts. */
  readonly predicted: number;
  /** In the order of the head's classes; sums to 1. */
  readonly probabilities: Float32Array;
  /** The row that they were made of, as a feature set would keep it. */
  readonly features: Float32Array;
  /** What the (first) network saw: [crop, crop, 3], RGB. */
  readonly pixels: Uint8Array;
  /** Where the evidence for the predicted class lies, where that was asked for. */
  readonly evidence: Evidence | undefined;
  /** Grey samples of 16 bits were clipped at 255, as the head's features were made. */
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
  /** Images per run of the network. */
  readonly batch: number;
  readonly signal?: AbortSignal;
}

/**
 * One outcome per image, in the order given. Holds one batch and what the pipeline reads ahead, however many images
 * there are; an image that cannot be read is an outcome, not an exception.
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
    // Failures alone must not pile up behind a batch that never fills.
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

/** A row of each per image. */
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

/** Side of the crop for each network of a recipe. */
export function cropsOf({ crop, beside = [] }: PixelRecipe): readonly number[] {
  return [crop, ...beside.map((recipe) => recipe.crop)];
}

export interface RankedClass {
  readonly class: string;
  readonly probability: number;
}

/** What a head says of an image: its class, and the probabilities of all. */
export type Classification = Pick<ImagePrediction, 'predicted' | 'probabilities'>;

/** The predicted class and the most probable others, `count` in all; equal ones in the order of the classes. */
export function topClasses(
  { probabilities, predicted }: Classification,
  classes: readonly string[],
  count: number,
): readonly RankedClass[] {
  return rankedClasses(probabilities, predicted)
    .slice(0, count)
    .map((c) => ({ class: valueAt(classes, c), probability: valueAt(probabilities, c) }));
}
