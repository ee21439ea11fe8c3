import { availableParallelism } from 'node:os';
import { hashSplits } from '../classify/make-report.ts';
import type { Report } from '../classify/result/report.ts';
import { type FeatureSet, openFeatureSet } from '../features/reader.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { unitRows } from '../numerics/nearest.kernel.ts';
import { encodeLabels } from '../rows/classes.ts';
import { evenPart } from '../rows/table.ts';
import { UserError } from '../system/errors.ts';
import { kthDistances, nearestRows, unlikeThreshold, usualNeighbour } from './nearest-training.ts';

/** A training photo that a photo is like. */
export interface LikePhoto {
  readonly id: string;
  readonly label: string;
  /** Cosine of their features. */
  readonly similarity: number;
}

export interface Likeness {
  /** Nearest first. */
  readonly like: readonly LikePhoto[];
  /** Its distance to the fifth nearest training photo is past the threshold. */
  readonly unlike: boolean;
}

/** The photos that a head was trained on, as their features. */
export interface TrainingPhotos {
  /** Compares rows, as the embedder gives them, with those of the training photos. */
  likenessOf(features: Float32Array): Promise<Likeness>;
  /** Where only a part of them is compared. */
  readonly note?: string;
}

/** Training rows that are held: 160 MB of 2,048 features. */
const mostRows = 20_000;
const shownPhotos = 3;

/**
 * Reads the training rows of a report's head from the feature set that it names.
 *
 * @throws UserError where the set is gone, or is not the one that the head was trained on
 */
export async function openTrainingPhotos(
  report: Report,
  threads: number = availableParallelism(),
): Promise<TrainingPhotos> {
  const { set, ids, labels, rows } = await trainedOn(report);
  const train = Int32Array.from(report.perRepeat[0]?.train ?? []);
  const places = evenPart(train, mostRows);
  const bank = await set.readMatrix(places.map((place) => rows[place] as number));
  unitRows(bank.data, bank.rowCount, bank.columnCount);
  const own = places.map((place) => labels[place] as number);
  const k = Math.min(usualNeighbour, bank.rowCount);
  const threshold = await unlikeThreshold(bank, { labels: own, classes: report.classes }, k, threads);
  if (threshold === undefined) {
    throw new UserError({
      what: 'the training photos do not tell what is unlike them',
      where: report.report,
      found: `${train.length} of them, none of which can be held out`,
      expected: 'two photos of a class at least',
      fix: 'classify with more photos',
    });
  }
  return {
    likenessOf: async (features) => {
      const query: Matrix = { rowCount: 1, columnCount: features.length, data: features.slice() };
      unitRows(query.data, 1, features.length);
      const found = await nearestRows(query, bank, k, threads);
      const like = [...found.nearest.subarray(0, shownPhotos)].flatMap((row, i) => {
        const place = places[row];
        if (place === undefined) return [];
        const label = report.classes[labels[place] as number] as string;
        return [{ id: ids[place] as string, label, similarity: Math.min(1, found.similarity[i] as number) }];
      });
      return { like, unlike: (kthDistances(found, k)[0] as number) > threshold };
    },
    ...(places.length === train.length
      ? {}
      : { note: `photos are compared with ${places.length} of the ${train.length} training photos` }),
  };
}

/** The labelled rows of a report's feature set, numbered as its splits number them. */
async function trainedOn(report: Report): Promise<{
  readonly set: FeatureSet;
  readonly ids: readonly string[];
  readonly labels: Int32Array;
  readonly rows: Uint32Array;
}> {
  const { folder } = report.featureSet;
  let set: FeatureSet;
  try {
    set = await openFeatureSet(folder);
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    throw new UserError({
      what: 'the features of the training photos are gone',
      where: folder,
      found: cause.parts.found ?? cause.parts.what,
      expected: 'the feature set that the head was trained on: --unlike and --why compare with its rows',
      fix: `put it back, or run featuretap extract and this classify again; without those two options predict does without it`,
      cause,
    });
  }
  const joined = set.labelled();
  const known = new Set(report.classes);
  // Classes were left out as a whole: --leave-out, --min-images.
  const kept = Uint32Array.from(joined.ids.keys()).filter((i) => known.has(joined.labels[i] as string));
  const ids = Array.from(kept, (i) => joined.ids[i] as string);
  const coded = encodeLabels(Array.from(kept, (i) => joined.labels[i] as string));
  const splits = report.perRepeat.map(({ train, test }) => ({
    train: Int32Array.from(train),
    test: Int32Array.from(test),
  }));
  const grouping = report.grouping === undefined ? {} : { grouping: report.grouping };
  const same =
    set.manifest.fingerprint === report.features &&
    hashSplits({ ids, ...coded, ...grouping }, splits) === report.splitHash;
  if (same) return { set, ids, labels: coded.labels, rows: kept.map((i) => joined.rows[i] as number) };
  throw new UserError({
    what: 'the feature set does not tell which of its photos the head was trained on',
    where: folder,
    found:
      'other photos, labels or features than the report was made of: the set changed since, or its labels came from a file (--labels)',
    expected: 'the photos and labels that the set itself keeps, as classify found them',
    fix: 'run classify again on the set as it is now',
  });
}
