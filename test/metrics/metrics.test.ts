import assert from 'node:assert/strict';
import { test } from 'node:test';
import { separation } from '../../scripts/bench/classify/separation.kernel.ts';
import { countCorrect, largestPerRow, logLossSum, rankedClasses, topOfRows } from '../../src/metrics/metrics.kernel.ts';
import {
  classFigures,
  confusionOf,
  confusionRows,
  scoreConfusion,
  scoreProbabilities,
} from '../../src/metrics/metrics.ts';
import { jsonFixture } from '../reference.ts';

interface MetricsCase {
  readonly name: string;
  readonly classes: number;
  readonly y: readonly number[];
  readonly probabilities: readonly number[];
  readonly accuracy: number;
  readonly logLoss: number;
  readonly top5Accuracy: number;
  readonly macroF1: number;
  readonly balancedAccuracy: number;
  readonly confusion: readonly (readonly number[])[];
  readonly precision: readonly number[];
  readonly recall: readonly number[];
  readonly f1: readonly number[];
  readonly support: readonly number[];
}
const golden: readonly MetricsCase[] = jsonFixture('classify/metrics.json');

function assertClose(found: number, expected: number, what: string, tolerance = 1e-12): void {
  assert.ok(
    Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${what}: ${found}, ${expected}`,
  );
}

for (const one of golden) {
  test(`metrics equal scikit-learn's: ${one.name}`, () => {
    const labels = Int32Array.from(one.y);
    const data = Float32Array.from(one.probabilities);
    const probabilities = { rowCount: labels.length, columnCount: one.classes, data };
    const scores = scoreProbabilities(labels, probabilities);
    // scikit-learn clips and rescales in float32, this project in float64.
    assertClose(scores.logLoss, one.logLoss, 'log loss', 1e-6);
    assertClose(scores.top5Accuracy, one.top5Accuracy, 'top-5');

    // Of equal probabilities top-k takes the last class, argmax the first.
    if (/^(ten|three) classes$/.test(one.name)) assertClose(scores.accuracy, one.accuracy, 'accuracy of probabilities');

    const confusion = confusionOf(labels, largestPerRow(data, one.classes), one.classes);
    assert.deepEqual(confusionRows(confusion, one.classes), one.confusion);
    const figures = scoreConfusion(confusion, one.classes);
    assertClose(figures.accuracy, one.accuracy, 'accuracy');
    assertClose(figures.macroF1, one.macroF1, 'macro F1');
    assertClose(figures.balancedAccuracy, one.balancedAccuracy, 'balanced accuracy');
    const names = one.confusion.map((_, c) => `class ${c}`);
    classFigures(confusion, names).forEach((figure, c) => {
      assertClose(figure.precision, one.precision[c] as number, `precision of ${c}`);
      assertClose(figure.recall, one.recall[c] as number, `recall of ${c}`);
      assertClose(figure.f1, one.f1[c] as number, `F1 of ${c}`);
      assert.equal(figure.support, one.support[c]);
    });
  });
}

test('the predicted class of a row comes first, then the others by probability, of equals the first one first', () => {
  const rows = Float32Array.of(0.1, 0.4, 0.4, 0.1, /**/ 5, 4, 3, 2, /**/ 2, 3, 4, 5);
  const largest = largestPerRow(rows, 4);
  assert.deepEqual([...topOfRows(rows, 4, 2, largest)], [1, 2, 0, 1, 3, 2]);
  assert.deepEqual([...topOfRows(rows, 4, 4, largest)], [1, 2, 0, 3, 0, 1, 2, 3, 3, 2, 1, 0]);
  assert.deepEqual([...topOfRows(rows, 4, 1, largest)], [...largest]);
  const others = Int32Array.of(3, 1, 2);
  assert.deepEqual([...topOfRows(rows, 4, 1, others)], [...others]);
  assert.deepEqual([...topOfRows(rows, 4, 3, others)], [3, 1, 2, 1, 0, 2, 2, 3, 1]);
  // Sorting whole rows gives the same.
  const drawn = Float32Array.from({ length: 600 }, (_, i) => (i * 7919) % 13);
  const predicted = Int32Array.from({ length: 60 }, (_, row) => (row * 31) % 10);
  const sorted = Array.from(predicted, (first, row) =>
    rankedClasses(drawn.subarray(10 * row, 10 * row + 10), first).slice(0, 3),
  );
  assert.deepEqual([...topOfRows(drawn, 10, 3, predicted)], sorted.flat());
});

test('without rows the accuracy is undefined, and nothing is divided by zero', () => {
  assert.deepEqual(scoreConfusion(new Int32Array(4), 2), { accuracy: 0, macroF1: 0, balancedAccuracy: 0 });
});

test('AUROC counts pairs in the right order, ties as half', () => {
  // Of the six pairs three are in order and one is a tie; of the two low ones one is as high as all of the high ones.
  assert.deepEqual(separation([3, 1, 2], [3, 0]), { auroc: 3.5 / 6, falseAt95: 0.5 });
});

test('equal class numbers are counted', () => {
  assert.equal(countCorrect(Int32Array.of(1, 2, 3, 4), Int32Array.of(1, 3, 3, 4)), 3);
  assert.equal(countCorrect(Int32Array.of(), Int32Array.of()), 0);
});

test('probabilities are clipped on both sides before the log loss', () => {
  const clip = 0.25;
  // Of 0 and 1 the clipped ones are 0.25 and 0.75, which sum to 1.
  assertClose(logLossSum(Float32Array.of(0, 1), 2, Int32Array.of(0), clip), -Math.log(0.25), 'too small');
  assertClose(logLossSum(Float32Array.of(0, 1), 2, Int32Array.of(1), clip), -Math.log(0.75), 'too large');
  assertClose(logLossSum(Float32Array.of(0.5, 1, 0), 3, Int32Array.of(0), clip), -Math.log(0.5 / 1.5), 'rescaled');
});
