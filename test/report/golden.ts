import assert from 'node:assert/strict';
import { jsonFixture } from '../reference.ts';

/** Values of SciPy, statsmodels and scikit-learn, written by scripts/fixtures/models/report_statistics.py. */
// biome-ignore lint/suspicious/noExplicitAny: a fixture, whose fields the tests name.
export const golden: any = jsonFixture('statistics.json');

export function close(actual: number, expected: number, tolerance = 1e-9): void {
  const error = Math.abs(actual - expected);
  assert.ok(error <= tolerance * Math.max(1e-3, Math.abs(expected)), `${actual} is not ${expected}`);
}
