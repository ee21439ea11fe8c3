import { availableParallelism } from 'node:os';
import { rgbOf } from '../../extract/images/samples.ts';
import type { Prediction } from '../../models/model.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { type EmbedderOptions, openEmbedder } from '../../predict/embedder.ts';
import type { Evidence, EvidenceMaps } from '../../predict/evidence/evidence.ts';
import { evidenceOfHead } from '../../predict/evidence/evidence-of-head.ts';
import type { ShippedHead } from '../../predict/load-head.ts';
import { type Classification, cropsOf, type Embedder, type ImagePrediction } from '../../predict/predict.ts';
import { valueAt, valuesAt } from '../../system/at.ts';
import { NetworkQueue } from './network-queue.ts';
import { PhotoPool } from './photo-pool.ts';

export interface HeadRow extends Classification, Pick<ImagePrediction, 'features'> {
  /** Class activation map of the predicted class, if requested and available. */
  readonly evidence?: Evidence;
  /** Input of the network, if requested: [crop, crop, 3], RGB. */
  readonly pixels?: Uint8Array;
}

export type PhotoAnswer =
  | {
      readonly outcome: 'predicted';
      /** In the order of the heads. */
      readonly rows: readonly HeadRow[];
      readonly clipped: boolean;
    }
  | { readonly outcome: 'failed'; readonly reason: string };

export interface ClassifierOptions extends Omit<EmbedderOptions, 'device'> {
  readonly batch: number;
}

/** What is requested besides probabilities and features. */
interface MoreWanted {
  readonly evidence?: boolean;
  readonly pixels?: boolean;
}

/** Heads on the same features, which share decoding and the network's run. */
interface Stage {
  /** Indices of its heads in the order given. */
  readonly heads: readonly number[];
  /** Evidence maps of each head, or a text why there are none. */
  readonly evidence: readonly (EvidenceMaps | string)[];
  readonly pool: PhotoPool;
  readonly queue: NetworkQueue<readonly HeadRow[]>;
  readonly embedder: Embedder;
}

/** Classifies photos in memory with several heads. Owns threads and networks: `close()` it. */
export class Classifier {
  readonly #stages: readonly Stage[];
  /** Why each head has no class activation maps; undefined if it has. */
  readonly withoutEvidence: readonly (string | undefined)[];

  private constructor(headCount: number, stages: readonly Stage[]) {
    this.#stages = stages;
    const without = new Array<string | undefined>(headCount);
    for (const { heads, evidence } of stages) {
      heads.forEach((place, i) => {
        const maps = evidence[i];
        without[place] = typeof maps === 'string' ? maps : undefined;
      });
    }
    this.withoutEvidence = without;
  }

  /** @throws UserError if a head's backbone cannot be opened */
  static async open(heads: readonly ShippedHead[], options: ClassifierOptions): Promise<Classifier> {
    const stages: Stage[] = [];
    try {
      const places = new Map<string, number[]>();
      for (const [i, { report }] of heads.entries()) {
        const key = report.features;
        places.set(key, [...(places.get(key) ?? []), i]);
      }
      for (const ofStage of places.values()) stages.push(await openStage(heads, ofStage, options));
    } catch (error) {
      for (const stage of stages) await closeStage(stage);
      throw error;
    }
    return new Classifier(heads.length, stages);
  }

  /**
   * Classifies the bytes of an image file, which are transferred to the classifier.
   *
   * @throws the signal's reason if aborted before the answer
   */
  async classify(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal, more: MoreWanted = {}): Promise<PhotoAnswer> {
    const rows = new Array<HeadRow>(this.withoutEvidence.length);
    let clipped = false;
    for (const [i, { pool, queue, heads, embedder }] of this.#stages.entries()) {
      // Buffers are transferred to threads; only the last stage may take the caller's.
      const own = i === this.#stages.length - 1 ? bytes : bytes.slice();
      const {
        outcome,
        pixels,
        beside = [],
        reason = 'no reason given',
        clipped: lost = false,
      } = await pool.read(own, signal);
      signal.throwIfAborted();
      if (outcome === 'failed' || pixels === undefined) return { outcome: 'failed', reason };
      const ofStage = await queue.ask([pixels, ...beside], signal, more.evidence);
      heads.forEach((place, row) => {
        const said = valueAt(ofStage, row);
        rows[place] = more.pixels === true ? { ...said, pixels: rgbOf(pixels, embedder.recipe) } : said;
      });
      clipped ||= lost;
    }
    return { outcome: 'predicted', rows, clipped };
  }

  /** Call it after the last answer. */
  async close(): Promise<void> {
    for (const stage of this.#stages) await closeStage(stage);
  }
}

async function openStage(
  all: readonly ShippedHead[],
  places: readonly number[],
  options: ClassifierOptions,
): Promise<Stage> {
  const heads = valuesAt(all, places);
  const { report } = valueAt(heads, 0);
  const embedder = await openEmbedder(report, { ...options, device: 'cpu' });
  const evidence: (EvidenceMaps | string)[] = [];
  for (const head of heads) evidence.push(await evidenceOfHead(head, embedder.tapShape));
  const pool = new PhotoPool(embedder.recipe, options.threads ?? availableParallelism());
  const queue = new NetworkQueue<readonly HeadRow[]>({
    crops: cropsOf(embedder.recipe),
    batch: options.batch,
    pending: () => pool.pending,
    run: async (batches, explained) => {
      const features = await embedder.embed(...batches);
      const byHead: Prediction[] = [];
      for (const { head } of heads) byHead.push(await head.predictBoth(features));
      return Array.from({ length: features.rowCount }, (_, row) =>
        byHead.map((prediction, i) => {
          const [maps, predicted] = [evidence[i], valueAt(prediction.predicted, row)];
          const said = {
            predicted,
            probabilities: rowOf(prediction.probabilities, row),
            features: rowOf(features, row),
          };
          if (explained[row] !== true || maps === undefined || typeof maps === 'string') return said;
          return { ...said, evidence: maps.evidenceOf(features.tap, row, predicted) };
        }),
      );
    },
  });
  return { heads: places, evidence, pool, queue, embedder };
}

async function closeStage({ pool, queue, embedder }: Stage): Promise<void> {
  await pool.close();
  await queue.idle();
  await embedder.close();
}

function rowOf({ data, columnCount }: Matrix, row: number): Float32Array {
  return data.slice(row * columnCount, (row + 1) * columnCount);
}
