import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { couple, fitSlope } from '../../../src/models/svm/coupling.kernel.ts';
import { fitSigmoid } from '../../../src/models/svm/platt.kernel.ts';
import { randomState } from '../../../src/numerics/mt19937.kernel.ts';

test("fits scikit-learn's Platt sigmoid", () => {
  const file = new URL('../../fixtures/classify/svm.json', import.meta.url);
  const { sigmoids } = JSON.parse(readFileSync(file, 'utf8'));
  assert.equal(sigmoids.length, 3);
  for (const { values, positive, probabilities } of sigmoids) {
    const { slope, offset } = fitSigmoid(Float64Array.from(values), Uint8Array.from(positive));
    values.forEach((value: number, i: number) => {
      assert.ok(Math.abs(1 / (1 + Math.exp(-slope * value - offset)) - probabilities[i]) < 1e-4);
    });
  }
});

test('couples values of class scores to their softmax', () => {
  // value(c, o) = (score c - score o) / slope makes 1 / (1 + sum of exp(-slope value)) the softmax itself.
  const scores = [0.3, -1, 2, 0.5];
  const slope = 3;
  const values: number[] = [];
  for (let low = 0; low < 4; low++) {
    for (let high = low + 1; high < 4; high++) {
      values.push(((scores[low] as number) - (scores[high] as number)) / slope);
    }
  }
  const p = couple(Float32Array.from(values), 4, 1, slope);
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  scores.forEach((score, c) => {
    assert.ok(Math.abs((p[c] as number) - Math.exp(score) / total) < 1e-6);
  });
});

test('stays finite and positive for values of any size', () => {
  const p = couple(Float32Array.of(1e30, -1e30, 5000), 3, 1, 100);
  assert.ok(p.every((value) => value > 0 && Number.isFinite(value)));
  assert.ok(Math.abs(p.reduce((sum, value) => sum + value, 0) - 1) < 1e-12);
});

test('recovers the slope from which labels were drawn', () => {
  const random = randomState(0);
  const classCount = 4;
  const rowCount = 3000;
  const values = new Float32Array(6 * rowCount);
  const labels = new Int32Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const scores = Array.from({ length: classCount }, () => 4 * random.double());
    for (let low = 0, pair = 0; low < classCount; low++) {
      for (let high = low + 1; high < classCount; high++, pair++) {
        values[pair * rowCount + row] = ((scores[low] as number) - (scores[high] as number)) / 6;
      }
    }
    let left = random.double() * scores.reduce((sum, score) => sum + Math.exp(score), 0);
    labels[row] = scores.findIndex((score) => {
      left -= Math.exp(score);
      return left < 0;
    });
  }
  const slope = fitSlope(values, labels, classCount);
  assert.ok(Math.abs(slope - 6) < 0.6, `slope ${slope}`);
});

test('rows without an error give a finite slope', () => {
  const values = Float32Array.of(1, 1, 1, 1, -1, -1);
  // Three classes, two rows: pairs (0,1), (0,2), (1,2); the first row is class 0's, as is the second.
  const slope = fitSlope(values, Int32Array.of(0, 0), 3);
  assert.ok(slope >= 0.1 && slope < 256, `slope ${slope}`);
});
