import { availableParallelism } from 'node:os';
import { addAt } from '../../numerics/arrays.kernel.ts';
import { multiply } from '../../numerics/matmul.ts';
import { valueAt } from '../../system/at.ts';
import { savedArray } from '../checks.ts';
import { absentBias } from '../linear-head.ts';
import type { LinearScores, SavedHead } from '../model.ts';

/**
 * For each class the mean of its one-vs-one decision values against every other class, as a sum over the features: of the
 * linear kernel alone. A class without training rows has no classifier, and a bias far below zero.
 */
export async function classMeans(saved: SavedHead): Promise<LinearScores> {
  const { dims, classes } = saved;
  const present = savedArray(saved, 'present', Int32Array, [null]);
  const count = present.length;
  const vectors = savedArray(saved, 'vectors', Float32Array, [null, dims]);
  const centre = savedArray(saved, 'centre', Float64Array, [dims]);
  const mixed = { rowCount: count, columnCount: vectors.length / dims, data: shares(saved, count) };
  const right = { rowCount: mixed.columnCount, columnCount: dims, data: vectors };
  const { data: sums } = await multiply(mixed, right, { threads: availableParallelism() });
  const weights = new Float64Array(classes.length * dims);
  const bias = new Float64Array(classes.length).fill(absentBias);
  const offsets = meanOffsets(savedArray(saved, 'rho', Float64Array, [(count * (count - 1)) / 2]), count);
  present.forEach((c, i) => {
    const own = sums.subarray(i * dims, (i + 1) * dims);
    weights.set(own, c * dims);
    // The classifiers see rows minus the centre.
    bias[c] = own.reduce((sum, weight, d) => sum - weight * valueAt(centre, d), -valueAt(offsets, i));
  });
  return { weights, bias };
}

/** What each support vector adds to the mean of each present class: [classes, vectors]. */
function shares(saved: SavedHead, count: number): Float32Array {
  const others = count - 1;
  const starts = savedArray(saved, 'vectorStart', Int32Array, [count + 1]);
  const coefficients = savedArray(saved, 'coefficients', Float64Array, [null, others]);
  const vectorCount = coefficients.length / others;
  const out = new Float32Array(count * vectorCount);
  for (let own = 0; own < count; own++) {
    for (let v = valueAt(starts, own); v < valueAt(starts, own + 1); v++) {
      let sum = 0;
      for (let other = 0; other < count; other++) {
        if (other === own) continue;
        // Values are positive for the lower class of a pair.
        const coefficient = valueAt(coefficients, v * others + (other < own ? other : other - 1));
        const forOwn = own < other ? coefficient : -coefficient;
        sum += forOwn;
        out[other * vectorCount + v] = -forOwn / others;
      }
      out[own * vectorCount + v] = sum / others;
    }
  }
  return out;
}

/** Mean over its pairs of what is taken off a class's values: [classes]. */
function meanOffsets(rho: Float64Array, count: number): Float64Array {
  const out = new Float64Array(count);
  for (let low = 0, pair = 0; low < count; low++) {
    for (let high = low + 1; high < count; high++, pair++) {
      const share = valueAt(rho, pair) / (count - 1);
      addAt(out, low, share);
      out[high] = valueAt(out, high) - share;
    }
  }
  return out;
}
