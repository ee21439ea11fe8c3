import { availableParallelism } from 'node:os';
import { joinSets } from '../classify/data/join-sets.ts';
import { sideBySide } from '../classify/data/side-by-side.ts';
import { hashSplits } from '../classify/make-report.ts';
import type { Report } from '../classify/result/report.ts';
import { type FeatureSet, openFeatureSet } from '../features/reader.ts';
import { takeInts } from '../numerics/arrays.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { unitRows } from '../numerics/nearest.kernel.ts';
import { encodeLabels } from '../rows/classes.ts';
import { takeRows } from '../rows/row-source.ts';
import { evenlySpaced } from '../rows/table.ts';
import { valueAt, valuesAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import { counted } from '../system/printable.ts';
import { kthDistances, nearestRows, unlikeThreshold, usualNeighbour } from './nearest-training.ts';

export interface LikePhoto {
  readonly id: string;
  readonly label: string;
  /** Cosine of their features. */
  readonly similarity: number;
}

interface Likeness {
  /** Nearest first. */
  readonly like: readonly LikePhoto[];
  /** Whether its distance to the fifth nearest training photo exceeds the threshold. */
  readonly unlike: boolean;
}

export interface TrainingPhotos {
  /** Compares features of the embedder with those of the training photos. */
  likenessOf(features: Float32Array): Promise<Likeness>;
  /** A note if only a subset is compared. */
  readonly note?: string;
}

/** Most training rows held: 160 MB with 2,048 features. */
const mostRows = 20_000;
const shownPhotos = 3;

/**
 * Reads the training rows of a report's head from its feature set.
 *
 * @throws UserError if the set is missing, or is not the one the head was trained on
 */
export async function openTrainingPhotos(
  report: Report,
  threads: number = availableParallelism(),
): Promise<TrainingPhotos> {
  const { ids, labels, readRows } = await trainedOn(report);
  const train = Int32Array.from(report.perRepeat[0]?.train ?? []);
  const places = evenlySpaced(train, mostRows);
  const bank = await readRows(places);
  unitRows(bank.data, bank.rowCount, bank.columnCount);
  const own = takeInts(labels, places);
  const k = Math.min(usualNeighbour, bank.rowCount);
  const threshold = await unlikeThreshold(bank, { labels: own, classes: report.classes }, k, threads);
  if (threshold === undefined) {
    throw new UserError({
      what: 'there are too few training photos to tell what is unlike them',
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
        const label = valueAt(report.classes, valueAt(labels, place));
        return [{ id: valueAt(ids, place), label, similarity: Math.min(1, valueAt(found.similarity, i)) }];
      });
      return { like, unlike: valueAt(kthDistances(found, k), 0) > threshold };
    },
    ...(places.length === train.length
      ? {}
      : { note: `photos are compared with ${places.length} of the ${counted(train.length, 'training photo')}` }),
  };
}

/** The labelled rows of a report's features, numbered as in its splits. */
interface LabelledRows {
  readonly ids: readonly string[];
  readonly labels: Int32Array;
  /** Copies of the rows at the given indices. */
  readRows(places: Int32Array): Promise<Matrix>;
}

async function trainedOn(report: Report): Promise<LabelledRows> {
  const { featureSet } = report;
  const sets: FeatureSet[] = [];
  for (const { folder } of featureSet.parts ?? [featureSet]) sets.push(await openTrainedOn(folder));
  const prints = featureSet.parts?.map(({ features }) => features) ?? [report.features];
  const isMade = sets.every(({ manifest }, i) => manifest.fingerprint === prints[i]);
  const found = isMade ? await labelledRows(sets, report.classes) : undefined;
  const splits = report.perRepeat.map(({ train, test }) => ({
    train: Int32Array.from(train),
    test: Int32Array.from(test),
  }));
  if (found !== undefined && hashSplits({ ...found, grouping: report.grouping }, splits) === report.splitHash)
    return found;
  throw new UserError({
    what: 'the feature set no longer matches the photos that the head was trained on',
    where: featureSet.folder,
    found:
      'other photos, labels or features than the report was made of: the set changed since, or its labels came from a file (--labels)',
    expected: 'the photos and labels that the set itself keeps, as classify found them',
    fix: 'run classify again on the set as it is now',
  });
}

async function openTrainedOn(folder: string): Promise<FeatureSet> {
  try {
    return await openFeatureSet(folder);
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    throw new UserError({
      what: 'the features of the training photos are gone',
      where: folder,
      found: cause.parts.found ?? cause.parts.what,
      expected: 'the feature set that the head was trained on: --unlike and --why compare with its rows',
      fix: `restore it, or run featuretap extract and this classify again; predict without these two options does not need it`,
      cause,
    });
  }
}

async function labelledRows(
  sets: readonly FeatureSet[],
  classes: readonly string[],
): Promise<(LabelledRows & { readonly classes: readonly string[] }) | undefined> {
  const set = valueAt(sets, 0);
  const joined = set.labelled();
  const known = new Set(classes);
  if (sets.length > 1) {
    // Classes may have been left out: --leave-out, --min-images.
    const leaveOut = [...new Set(joined.labels)].filter((name) => !known.has(name));
    const tables = joinSets(sets, { leaveOut, maxMissing: 1, withoutViews: true });
    const { ids, labels, features, classes: found } = await sideBySide(tables);
    return { ids, labels, classes: found, readRows: async (places) => takeRows(features, places) };
  }
  const kept = Uint32Array.from(joined.ids.keys()).filter((i) => known.has(valueAt(joined.labels, i)));
  return {
    ids: valuesAt(joined.ids, kept),
    ...encodeLabels(valuesAt(joined.labels, kept)),
    readRows: (places) =>
      set.readMatrix(Uint32Array.from(places, (place) => valueAt(joined.rows, valueAt(kept, place)))),
  };
}
