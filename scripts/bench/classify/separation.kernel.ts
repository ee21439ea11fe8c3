/** How well scores separate two groups; scikit-learn's roc_auc_score and roc_curve. */
interface Separation {
  /** Probability that a member of the first group scores higher than one of the second; ties count half. */
  readonly auroc: number;
  /** False positive rate at 95 % true positive rate. */
  readonly falseAt95: number;
}

/** @param inside scores that should be high; `outside`: scores that should be low; neither is empty */
export function separation(inside: ArrayLike<number>, outside: ArrayLike<number>): Separation {
  const [high, low] = [Float64Array.from(inside).sort(), Float64Array.from(outside).sort()];
  let sum = 0;
  let [below, upTo] = [0, 0];
  for (const score of high) {
    while (below < low.length && low[below] < score) below++;
    while (upTo < low.length && low[upTo] <= score) upTo++;
    sum += (below + upTo) / 2;
  }
  const least = high[high.length - Math.ceil(0.95 * high.length - 1e-9)];
  return {
    auroc: sum / (high.length * low.length),
    falseAt95: low.filter((score) => score >= least).length / low.length,
  };
}
