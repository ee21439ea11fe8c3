import { availableParallelism } from 'node:os';
import type { Matrix } from '../../numerics/matrix.ts';
import { type EmbedderOptions, featureRecipe, openEmbedder } from '../../predict/embedder.ts';
import type { ShippedHead } from '../../predict/load-head.ts';
import type { Embedder } from '../../predict/predict.ts';
import { NetworkQueue } from './network-queue.ts';
import { PhotoPool } from './photo-pool.ts';

/** What one head says of a photo. */
export interface HeadRow {
  /** In the order of the head's classes. */
  readonly probabilities: Float32Array;
  /** What they were made of. */
  readonly features: Float32Array;
}

/** What the heads say of one photo. */
export type PhotoAnswer =
  | {
      readonly outcome: 'predicted';
      /** In the order of the heads. */
      readonly rows: readonly HeadRow[];
      readonly clipped: boolean;
    }
  | { readonly outcome: 'failed'; readonly reason: string };

export interface ClassifierOptions extends Omit<EmbedderOptions, 'device'> {
  /** Most images in one run of the network. */
  readonly batch: number;
}

/** Heads on the same features: one decode and one run of the network serve all of them. */
interface Stage {
  /** Places of its heads in the order they were given. */
  readonly heads: readonly number[];
  readonly pool: PhotoPool;
  readonly queue: NetworkQueue<readonly HeadRow[]>;
  readonly embedder: Embedder;
}

/** Classifies photos that lie in memory by several heads, as they come. Owns threads and networks: `close()` it. */
export class Classifier {
  readonly #headCount: number;
  readonly #stages: readonly Stage[];

  private constructor(headCount: number, stages: readonly Stage[]) {
    this.#headCount = headCount;
    this.#stages = stages;
  }

  /** @throws UserError where a head's backbone cannot be opened */
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
   * Classifies the bytes of one image file, which are the classifier's afterwards.
   *
   * @throws the signal's reason, where it is aborted before the answer is there
   */
  async classify(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<PhotoAnswer> {
    const rows = new Array<HeadRow>(this.#headCount);
    let clipped = false;
    for (const [i, { pool, queue, heads }] of this.#stages.entries()) {
      // A thread takes what it is given away; only the last stage may have the caller's own.
      const own = i === this.#stages.length - 1 ? bytes : bytes.slice();
      const { outcome, pixels, reason = 'no reason given', clipped: lost = false } = await pool.read(own, signal);
      signal.throwIfAborted();
      if (outcome === 'failed' || pixels === undefined) return { outcome: 'failed', reason };
      const ofStage = await queue.ask(pixels, signal);
      heads.forEach((place, row) => {
        rows[place] = ofStage[row] as HeadRow;
      });
      clipped ||= lost;
    }
    return { outcome: 'predicted', rows, clipped };
  }

  /** After the last answer. */
  async close(): Promise<void> {
    for (const stage of this.#stages) await closeStage(stage);
  }
}

async function openStage(
  all: readonly ShippedHead[],
  places: readonly number[],
  options: ClassifierOptions,
): Promise<Stage> {
  const heads = places.map((place) => all[place] as ShippedHead);
  const { report } = heads[0] as ShippedHead;
  const { preprocessing } = featureRecipe(report).fields;
  const embedder = await openEmbedder(report, { ...options, device: 'cpu' });
  const pool = new PhotoPool(preprocessing, options.threads ?? availableParallelism());
  const queue = new NetworkQueue<readonly HeadRow[]>({
    crop: preprocessing.crop,
    batch: options.batch,
    pending: () => pool.pending,
    run: async (batch) => {
      const features = await embedder.embed(batch);
      const byHead: Matrix[] = [];
      for (const { head } of heads) byHead.push(await head.predictProba(features));
      return Array.from({ length: batch.rowCount }, (_, row) =>
        byHead.map((probabilities) => ({ probabilities: rowOf(probabilities, row), features: rowOf(features, row) })),
      );
    },
  });
  return { heads: places, pool, queue, embedder };
}

async function closeStage({ pool, queue, embedder }: Stage): Promise<void> {
  await pool.close();
  await queue.idle();
  await embedder.close();
}

function rowOf({ data, columnCount }: Matrix, row: number): Float32Array {
  return data.slice(row * columnCount, (row + 1) * columnCount);
}
