import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  conformalScores,
  conformalSet,
  conformalThreshold,
  type RiskPoint,
  riskCoverage,
} from '../../src/metrics/conformal.kernel.ts';
import { largestPerRow } from '../../src/metrics/metrics.kernel.ts';
import { jsonFixture } from '../reference.ts';

interface ConformalCase {
  readonly classes: number;
  readonly inverse: number;
  readonly logs: readonly number[];
  readonly labels: readonly number[];
  readonly scores: readonly number[];
  readonly probabilities: readonly number[];
  /** A threshold of null is infinite. */
  readonly answers: readonly { coverage: number; threshold: number | null; sets: readonly (readonly number[])[] }[];
  readonly right: readonly boolean[];
  readonly curve: readonly RiskPoint[];
}
const golden: readonly ConformalCase[] = jsonFixture('classify/conformal.json');

for (const one of golden) {
  const rows = Array.from({ length: one.right.length }, (_, row) =>
    Float32Array.from(one.probabilities.slice(row * one.classes, (row + 1) * one.classes)),
  );

  test(`scores of ${one.classes} classes are NumPy's`, () => {
    const found = conformalScores(Float32Array.from(one.logs), one.classes, Int32Array.from(one.labels), one.inverse);
    one.scores.forEach((score, row) => {
      assert.ok(Math.abs((found[row] as number) - score) < 1e-12, `row ${row}: ${found[row]}, ${score}`);
    });
  });

  test(`thresholds and sets of ${one.classes} classes are NumPy's at every coverage`, () => {
    const sorted = [...one.scores].sort((a, b) => a - b);
    for (const { coverage, threshold, sets } of one.answers) {
      const found = conformalThreshold(sorted, coverage);
      assert.equal(found, threshold ?? Number.POSITIVE_INFINITY);
      assert.deepEqual(
        rows.map((row) =>
          [...conformalSet(row, largestPerRow(row, row.length)[0] as number, found)].sort((a, b) => a - b),
        ),
        sets,
      );
    }
  });

  test(`the risk/coverage curve of ${one.classes} classes is NumPy's`, () => {
    const largest = rows.map((row) => Math.max(...row));
    assert.deepEqual(riskCoverage(largest, one.right), one.curve);
  });
}

test('on new draws from the same distribution the sets contain the true class as often as requested', () => {
  // 1,000 rows: log probabilities that favour the true class by 1.5, plus pseudo-random noise.
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const classCount = 8;
  const draw = (count: number): { logs: Float32Array; labels: Int32Array } => {
    const labels = Int32Array.from({ length: count }, () => Math.floor(random() * classCount));
    const noise = (): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    const logs = Float32Array.from(
      { length: count * classCount },
      (_, i) => noise() + (i % classCount === labels[Math.floor(i / classCount)] ? 1.5 : 0),
    );
    return { logs, labels };
  };
  const [seen, fresh] = [draw(1000), draw(1000)];
  const sorted = conformalScores(seen.logs, classCount, seen.labels, 1).sort();
  const scores = conformalScores(fresh.logs, classCount, fresh.labels, 1);
  for (const coverage of [0.8, 0.9, 0.95]) {
    const threshold = conformalThreshold(sorted, coverage);
    const reached = scores.filter((score) => score <= threshold).length / 1000;
    // Three standard deviations of 1,000 draws, and of the 1,000 draws behind the threshold.
    assert.ok(Math.abs(reached - coverage) < 3 * Math.sqrt((2 * coverage * (1 - coverage)) / 1000), `${reached}`);
  }
});

test('adding a constant changes no score, and of equal probabilities the first ranks first', () => {
  const logs = Float32Array.of(1, 2, 4, /**/ 3, 1, 2);
  const labels = Int32Array.of(0, 2);
  const scores = conformalScores(logs, 3, labels, 1);
  assert.deepEqual(
    conformalScores(
      logs.map((value) => value + 1024),
      3,
      labels,
      1,
    ),
    scores,
  );
  const equal = conformalScores(new Float32Array(9), 3, Int32Array.of(0, 1, 2), 1);
  equal.forEach((score, rank) => {
    assert.ok(Math.abs(score - rank / 3) < 1e-12, `${score} at rank ${rank}`);
  });
});

test('a coverage that falls exactly on a row uses this row, in spite of rounding', () => {
  const sorted = Float64Array.from({ length: 99 }, (_, i) => i + 1);
  assert.equal(0.55 * 100, 55.00000000000001);
  assert.equal(conformalThreshold(sorted, 0.55), 55);
});

test('without photos the curve has no point', () => {
  assert.deepEqual(riskCoverage([], []), []);
});
