import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wilson } from '../../../src/report/statistics/interval.ts';
import {
  correctedResampledTest,
  holm,
  mcnemar,
  studentQuantile,
  studentTwoSided,
} from '../../../src/report/statistics/significance.ts';
import { close, golden } from '../golden.ts';

test("Wilson's intervals equal statsmodels', at 0 and 1 too", () => {
  for (const { successes, trials, interval } of golden.wilson) {
    const { low, high } = wilson(successes, trials);
    close(low, interval[0]);
    close(high, interval[1]);
  }
});

test('the interval over no images is [0, 1]', () => {
  assert.deepEqual(wilson(0, 0), { low: 0, high: 1 });
});

test("McNemar's exact p equals statsmodels' and the mid-p SciPy's binomial", () => {
  for (const { onlyFirst, onlySecond, exact, midP } of golden.mcnemar) {
    const found = mcnemar(onlyFirst, onlySecond);
    close(found.exact, exact);
    close(found.midP, midP);
  }
});

test("Student's two-sided p and 95 % quantile equal SciPy's from 1 to 99 degrees of freedom", () => {
  for (const { t, degrees, p, q95 } of golden.student) {
    close(studentTwoSided(t, degrees), p);
    close(studentQuantile(0.95, degrees), q95);
  }
});

test('the corrected resampled t-test follows the formula of Nadeau and Bengio', () => {
  for (const { differences, trainSize, testSize, t, p, interval } of golden.resampled) {
    const found = correctedResampledTest(differences, trainSize, testSize);
    close(found.t, t);
    close(found.p, p);
    close(found.interval.low, interval[0]);
    close(found.interval.high, interval[1]);
  }
});

test('constant differences are no difference at zero and a certain one elsewhere', () => {
  assert.equal(correctedResampledTest([0, 0, 0], 80, 20).p, 1);
  assert.equal(correctedResampledTest([0.1, 0.1, 0.1], 80, 20).p, 0);
});

test("Holm's adjusted p-values equal statsmodels'", () => {
  for (const { p, adjusted } of golden.holm) for (const [i, value] of holm(p).entries()) close(value, adjusted[i]);
  assert.deepEqual(holm([]), []);
});
