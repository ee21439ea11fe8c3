import { availableParallelism } from 'node:os';
import { addAt } from '../../numerics/arrays.kernel.ts';
import { multiply } from '../../numerics/matmul.ts';
import { valueAt } from '../../system/at.ts';
import { savedArray } from '../checks.ts';
import { absentBias } from '../linear-head.ts';
import type { LinearScores, SavedHead } from '../model.ts';
import type { BinaryClassifiers } from './binary-classifiers.ts';
import { savedClassifiers } from './fitted.ts';

/**
 * Linear scores of an SVM with the linear kernel: for each class, the mean of its one-vs-one decision values. A class
 * without training rows has a bias far below zero.
 */
export async function classMeans(saved: SavedHead): Promise<LinearScores> {
  const { dims, classes } = saved;
  const present = savedArray(saved, 'present', Int32Array, [null]);
  const classifiers = savedClassifiers(saved);
  const { vectors, centre, rho } = classifiers;
  const mixed = { rowCount: present.length, columnCount: vectors.rowCount, data: vectorShares(classifiers) };
  const { data: sums } = await multiply(mixed, vectors, { threads: availableParallelism() });
  const weights = new Float64Array(classes.length * dims);
  const bias = new Float64Array(classes.length).fill(absentBias);
  const offsets = meanOffsets(rho, present.length);
  present.forEach((c, i) => {
    const own = sums.subarray(i * dims, (i + 1) * dims);
    weights.set(own, c * dims);
    // The classifiers see rows minus the centre.
    bias[c] = own.reduce((sum, weight, d) => sum - weight * valueAt(centre, d), -valueAt(offsets, i));
  });
  return { weights, bias };
}

/** What each support vector adds to the mean of each present class: [classes, vectors]. */
function vectorShares({ vectorStart, coefficients, vectors }: BinaryClassifiers): Float32Array {
  const count = vectorStart.length - 1;
  const others = count - 1;
  const vectorCount = vectors.rowCount;
  const out = new Float32Array(count * vectorCount);
  for (let own = 0; own < count; own++) {
    for (let v = valueAt(vectorStart, own); v < valueAt(vectorStart, own + 1); v++) {
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

/** Mean over a class's pairs of what is subtracted from its values: [classes]. */
function meanOffsets(rho: Float64Array, count: number): Float64Array {
  const out = new Float64Array(count);
  for (let low = 0, pair = 0; low < count; low++) {
    for (let high = low + 1; high < count; high++, pair++) {
      const share = valueAt(rho, pair) / (count - 1);
      addAt(out, low, share);
      addAt(out, high, -share);
    }
  }
  return out;
}
