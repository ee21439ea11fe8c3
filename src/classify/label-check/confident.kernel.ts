/** cleanlab's tolerance for rounded probabilities. */
const tolerance = 1e-6;

/**
 * Mean probability of k over the rows labelled k: the confidence threshold of k. It is 2, which no probability reaches,
 * for a class without rows.
 *
 * @param probabilities [rows, classes]
 * @param judged 1 if a row counts
 */
export function confidentThresholds(
  probabilities: Float32Array,
  labels: Int32Array,
  judged: Uint8Array,
  classCount: number,
): Float64Array {
  const sums = new Float64Array(classCount);
  const counts = new Int32Array(classCount);
  for (let row = 0; row < labels.length; row++) {
    if (judged[row] === 0) continue;
    sums[labels[row]] += probabilities[row * classCount + labels[row]];
    counts[labels[row]]++;
  }
  return sums.map((sum, c) => (counts[c] === 0 ? 2 : Math.max(2 * tolerance, sum / counts[c])));
}

/**
 * The confident class of each row: if it reaches the thresholds of several classes, its most probable class; if of one,
 * that one; else -1. cleanlab's `compute_confident_joint`.
 */
export function confidentClasses(
  probabilities: Float32Array,
  thresholds: Float64Array,
  classCount: number,
): Int32Array {
  const found = new Int32Array(probabilities.length / classCount);
  for (let row = 0, at = 0; row < found.length; row++, at += classCount) {
    let [confident, first, most] = [0, -1, 0];
    for (let c = 0; c < classCount; c++) {
      if (probabilities[at + c] > probabilities[at + most]) most = c;
      if (probabilities[at + c] < thresholds[c] - tolerance) continue;
      if (confident === 0) first = c;
      confident++;
    }
    found[row] = confident > 1 ? most : first;
  }
  return found;
}

/** The most probable class of each row other than its label. */
export function likeliestOthers(probabilities: Float32Array, labels: Int32Array, classCount: number): Int32Array {
  const found = new Int32Array(labels.length);
  for (let row = 0, at = 0; row < labels.length; row++, at += classCount) {
    let best = labels[row] === 0 ? Math.min(1, classCount - 1) : 0;
    for (let c = 0; c < classCount; c++) {
      if (c !== labels[row] && probabilities[at + c] > probabilities[at + best]) best = c;
    }
    found[row] = best;
  }
  return found;
}

/**
 * Estimated number of rows labelled k that are of class j: [labels k, classes j], whole numbers whose rows sum to the
 * label counts. cleanlab's calibrated confident joint.
 *
 * @param counts judged rows of each label
 */
export function confidentJoint(
  labels: Int32Array,
  confident: Int32Array,
  judged: Uint8Array,
  counts: Int32Array,
): Float64Array {
  const n = counts.length;
  const joint = new Float64Array(n * n);
  for (let row = 0; row < labels.length; row++) {
    if (judged[row] !== 0 && confident[row] >= 0) joint[labels[row] * n + confident[row]]++;
  }
  let [total, all] = [0, 0];
  for (let k = 0; k < n; k++) {
    // At least one row per class counts as correctly labelled.
    joint[k * n + k] = Math.max(1, joint[k * n + k]);
    let sum = 0;
    for (let j = 0; j < n; j++) sum += joint[k * n + j];
    for (let j = 0; j < n; j++) joint[k * n + j] = (joint[k * n + j] / sum) * counts[k];
    for (let j = 0; j < n; j++) total += joint[k * n + j];
    all += counts[k];
  }
  if (total > 0) for (let i = 0; i < joint.length; i++) joint[i] = (joint[i] / total) * all;
  roundRows(joint, n);
  return joint;
}

/**
 * How many rows labelled k to suspect of being class j, [classes j, labels k], keeping at least one row of each label:
 * cleanlab's `_keep_at_least_n_per_class` with n = 1.
 */
export function pruneCounts(joint: Float64Array, n: number): Float64Array {
  const counts = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const kept = Math.max(1, joint[k * n + k]);
    const raised = kept - joint[k * n + k];
    let others = -1;
    for (let j = 0; j < n; j++) if (joint[k * n + j] !== 0) others++;
    for (let j = 0; j < n; j++) counts[j * n + k] = Math.max(0, joint[k * n + j] - raised / Math.max(1, others));
    counts[k * n + k] = kept;
  }
  roundRows(counts, n);
  return counts;
}

/** Rounds each row of [n, n] to whole numbers with the row's rounded sum, by the largest remainders. */
function roundRows(values: Float64Array, n: number): void {
  for (let at = 0; at < values.length; at += n) {
    const row = values.subarray(at, at + n);
    const rounded = row.map(roundHalfEven);
    let [sum, whole] = [0, 0];
    for (let i = 0; i < n; i++) {
      sum += row[i];
      whole += rounded[i];
    }
    const difference = roundHalfEven(sum) - whole;
    if (difference !== 0) {
      const step = Math.sign(difference);
      const rest = (i: number): number => row[i] - rounded[i];
      // Reversed ascending order, as in NumPy: among equals, the last comes first.
      const order = Array.from(row.keys()).sort((a, b) => step * (rest(b) - rest(a)) || step * (b - a));
      for (const i of order.slice(0, Math.abs(difference))) rounded[i] += step;
    }
    row.set(rounded);
  }
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Marks with 1, for every other class j, the `counts[j, k]` rows labelled k whose probability of j exceeds that of k by
 * most, unless k is their most probable class. cleanlab's `prune_by_noise_rate`.
 */
export function pruneByNoiseRate(
  probabilities: Float32Array,
  labels: Int32Array,
  judged: Uint8Array,
  counts: Float64Array,
  classCount: number,
): Uint8Array {
  const suspected = new Uint8Array(labels.length);
  const rowsOf: number[][] = Array.from({ length: classCount }, () => []);
  for (let row = 0; row < labels.length; row++) if (judged[row] !== 0) rowsOf[labels[row]].push(row);
  for (let k = 0; k < classCount; k++) {
    const rows = rowsOf[k];
    if (rows.length <= 1) continue;
    for (let j = 0; j < classCount; j++) {
      const count = counts[j * classCount + k];
      if (j === k || count <= 0) continue;
      const margin = (row: number): number => probabilities[row * classCount + j] - probabilities[row * classCount + k];
      const order = rows.toSorted((a, b) => margin(b) - margin(a));
      for (const row of order.slice(0, count)) suspected[row] = 1;
    }
    for (const row of rows) {
      const at = row * classCount;
      let most = k;
      let value = probabilities[at + k] + tolerance;
      for (let c = 0; c < classCount; c++) {
        if (probabilities[at + c] <= value) continue;
        most = c;
        value = probabilities[at + c];
      }
      if (most === k) suspected[row] = 0;
    }
  }
  return suspected;
}
