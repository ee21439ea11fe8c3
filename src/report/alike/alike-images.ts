import type { Prediction } from '../../classify/result/predictions.ts';
import { type AlikeRows, alikeRows } from '../../rows/alike/alike-rows.ts';
import type { Neighbours } from '../../rows/alike/neighbours.ts';
import { valueAt } from '../../system/at.ts';

export interface AlikeImages {
  /** Closest first. */
  readonly pairs: readonly AlikePair[];
  /** Number of images compared, and of all labelled images. */
  readonly compared: number;
  readonly of: number;
}

export interface AlikePair {
  readonly ids: readonly [string, string];
  readonly labels: readonly [string, string];
  /** Cosine of their features. */
  readonly similarity: number;
  /** Repeats in which one of them was a test image and the other was not. */
  readonly timesApart: number;
}

/** The images compared, in the order of the rows. */
interface ComparedImages {
  readonly ids: readonly string[];
  readonly labels: readonly string[];
  readonly of: number;
}

export function alikeImages(
  { ids, labels, of }: ComparedImages,
  neighbours: Neighbours,
  predictions: readonly Prediction[],
): AlikeImages {
  const apart = apartCounter(predictions);
  const describe = ({ first, second, similarity }: AlikeRows): AlikePair => {
    const own = [valueAt(ids, first), valueAt(ids, second)] as const;
    const names = [valueAt(labels, first), valueAt(labels, second)] as const;
    return { ids: own, labels: names, similarity, timesApart: apart(...own) };
  };
  return { pairs: alikeRows(neighbours).map(describe), compared: ids.length, of };
}

/** Counts the repeats in which one of two images was tested without the other. */
function apartCounter(predictions: readonly Prediction[]): (a: string, b: string) => number {
  const repeatsOf = new Map<string, Set<number>>();
  for (const { id, repeat } of predictions) {
    repeatsOf.set(id, (repeatsOf.get(id) ?? new Set()).add(repeat));
  }
  const none: ReadonlySet<number> = new Set();
  return (a, b) => {
    const [first, second] = [repeatsOf.get(a) ?? none, repeatsOf.get(b) ?? none];
    const both = [...first].filter((repeat) => second.has(repeat)).length;
    return first.size + second.size - 2 * both;
  };
}
