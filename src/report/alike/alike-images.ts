import type { Prediction } from '../../classify/result/predictions.ts';
import type { Report } from '../../classify/result/report.ts';
import type { FeatureSet } from '../../features/reader.ts';
import { type AlikeRows, alikeRows } from './alike-rows.ts';

/** Rows that are compared with each other: the time grows with their square. */
const mostRows = 10_000;

export interface AlikeImages {
  /** Closest first. */
  readonly pairs: readonly AlikePair[];
  /** Images that were compared, and labelled images in all. */
  readonly compared: number;
  readonly of: number;
}

export interface AlikePair {
  readonly ids: readonly [string, string];
  readonly labels: readonly [string, string];
  /** Cosine of their features. */
  readonly similarity: number;
  /** Repeats in which one of them was tested and the other one was not. */
  readonly timesApart: number;
}

/** Photos that are nearly the same, by their features; undefined where the features say nothing. */
export async function alikeImages(
  set: FeatureSet,
  report: Report,
  predictions: readonly Prediction[],
): Promise<AlikeImages | undefined> {
  if (report.featureSet.randomWeights) return undefined;
  const known = new Set(report.classes);
  const { ids, labels, rows } = set.labelled();
  const usable = [...ids.keys()].filter((i) => known.has(labels[i] as string));
  const count = Math.min(mostRows, usable.length);
  const chosen = Array.from({ length: count }, (_, k) => usable[Math.floor((k * usable.length) / count)] as number);
  const features = await set.readMatrix(chosen.map((i) => rows[i] as number));
  const apart = apartCounter(predictions);
  const describe = ({ first, second, similarity }: AlikeRows): AlikePair => {
    const [a, b] = [chosen[first] as number, chosen[second] as number];
    const own = [ids[a] as string, ids[b] as string] as const;
    return {
      ids: own,
      labels: [labels[a] as string, labels[b] as string],
      similarity,
      timesApart: apart(...own),
    };
  };
  return { pairs: (await alikeRows(features)).map(describe), compared: count, of: usable.length };
}

/** Counts the repeats that tested one of two images without the other. */
function apartCounter(predictions: readonly Prediction[]): (a: string, b: string) => number {
  const repeatsOf = new Map<string, Set<number>>();
  for (const { id, repeat } of predictions) {
    const repeats = repeatsOf.get(id);
    if (repeats === undefined) repeatsOf.set(id, new Set([repeat]));
    else repeats.add(repeat);
  }
  const none: ReadonlySet<number> = new Set();
  return (a, b) => {
    const [first, second] = [repeatsOf.get(a) ?? none, repeatsOf.get(b) ?? none];
    const both = [...first].filter((repeat) => second.has(repeat)).length;
    return first.size + second.size - 2 * both;
  };
}
