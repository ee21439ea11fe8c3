import { valueAt } from '../../system/at.ts';
import { averageLinkage } from './cluster.kernel.ts';

interface ConfusedPair {
  readonly trueClass: string;
  readonly predictedClass: string;
  readonly count: number;
  /** Share of the true class's test rows. */
  readonly share: number;
}

/** Mistakes by true and predicted class, most frequent first, then by share, then in the order of the classes. */
export function confusedPairs(confusion: readonly (readonly number[])[], classes: readonly string[]): ConfusedPair[] {
  const pairs: ConfusedPair[] = [];
  confusion.forEach((row, t) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    row.forEach((count, p) => {
      if (t === p || count === 0) return;
      pairs.push({ trueClass: valueAt(classes, t), predictedClass: valueAt(classes, p), count, share: count / total });
    });
  });
  return pairs.sort((a, b) => b.count - a.count || b.share - a.share);
}

/** Pairs confused more than once: single confusions show no pattern, however many there are. */
export function repeatedPairs(pairs: readonly ConfusedPair[]): ConfusedPair[] {
  return pairs.filter(({ count }) => count > 1);
}

/**
 * Orders class numbers so that confused classes are adjacent: average linkage of the distance 1 - similarity, where
 * similarity is the mean of the two shares in which each class is taken for the other.
 */
export function clusteredOrder(confusion: readonly (readonly number[])[]): number[] {
  const n = confusion.length;
  const totals = confusion.map((row) =>
    Math.max(
      1,
      row.reduce((sum, count) => sum + count, 0),
    ),
  );
  const distance = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      if (a === b) continue;
      const ab = (confusion[a]?.[b] ?? 0) / valueAt(totals, a);
      const ba = (confusion[b]?.[a] ?? 0) / valueAt(totals, b);
      distance[a * n + b] = 1 - (ab + ba) / 2;
    }
  }
  return [...averageLinkage(distance, n).leaves];
}
