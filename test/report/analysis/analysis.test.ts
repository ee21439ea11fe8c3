import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Prediction } from '../../../src/classify/result/predictions.ts';
import { averageLinkage } from '../../../src/report/analysis/cluster.kernel.ts';
import { clusteredOrder, confusedPairs } from '../../../src/report/analysis/confusion.ts';
import { headDifferences } from '../../../src/report/analysis/differences.ts';
import { confidentMistakes, heldOutImages, suspectedLabels } from '../../../src/report/analysis/held-out.ts';
import { reliability } from '../../../src/report/analysis/reliability.ts';
import type { Run } from '../../../src/report/analysis/run.ts';
import { type Drawing, drawReport } from '../drawn-report.ts';
import { close, golden } from '../golden.ts';

const run = (name: string, drawing: Drawing): Run => ({ name, ...drawReport(drawing) });

function answer(id: string, trueClass: string, predictedClass: string, probability: number, repeat = 0): Prediction {
  const trueProbability = trueClass === predictedClass ? probability : (1 - probability) / 2;
  return { repeat, id, trueClass, predictedClass, probability, trueProbability };
}

describe('reliability', () => {
  test("bins and expected calibration error equal scikit-learn's", () => {
    const { confidence, correct, accuracy, meanConfidence, counts, ece } = golden.calibration;
    const predictions = confidence.map((probability: number, i: number) =>
      answer(String(i), 'a', correct[i] === 1 ? 'a' : 'b', probability),
    );
    const { bins, expectedError } = reliability(predictions);
    assert.deepEqual(
      bins.map((bin) => bin.count),
      counts,
    );
    bins.forEach((bin, i) => {
      close(bin.accuracy, accuracy[i]);
      close(bin.meanConfidence, meanConfidence[i]);
    });
    close(expectedError, ece);
  });

  test('no prediction is no error', () => {
    assert.deepEqual(reliability([]), { bins: [], expectedError: 0 });
  });
});

describe('the order of the confusion matrix', () => {
  test("average linkage merges at SciPy's heights", () => {
    const { distance, heights } = golden.clustering;
    const found = averageLinkage(Float64Array.from(distance.flat()), distance.length);
    for (const [i, height] of found.heights.entries()) close(height, heights[i]);
    assert.deepEqual(
      [...found.leaves].sort((a, b) => a - b),
      [...distance.keys()],
    );
  });

  test('classes that are confused with each other are adjacent', () => {
    // 0 and 3, and 1 and 4, are confused; 2 and 5 are not.
    const confusion = Array.from({ length: 6 }, (_, t) => Array.from({ length: 6 }, (_, p) => (t === p ? 8 : 0)));
    for (const [a, b] of [
      [0, 3],
      [3, 0],
      [1, 4],
      [4, 1],
    ] as const)
      (confusion[a] as number[])[b] = 4;
    const order = clusteredOrder(confusion);
    assert.deepEqual([...order].sort(), [0, 1, 2, 3, 4, 5]);
    assert.equal(Math.abs(order.indexOf(0) - order.indexOf(3)), 1);
    assert.equal(Math.abs(order.indexOf(1) - order.indexOf(4)), 1);
  });

  test('one class and a class without test rows have an order too', () => {
    assert.deepEqual(clusteredOrder([[3]]), [0]);
    assert.equal(
      clusteredOrder([
        [0, 0],
        [1, 2],
      ]).length,
      2,
    );
  });

  test('pairs are sorted by count, then by the share of their class', () => {
    const pairs = confusedPairs(
      [
        [8, 2, 0],
        [2, 1, 0],
        [5, 0, 0],
      ],
      ['a', 'b', 'c'],
    );
    assert.deepEqual(
      pairs.map((pair) => `${pair.trueClass}>${pair.predictedClass} ${pair.count}`),
      ['c>a 5', 'b>a 2', 'a>b 2'],
    );
    close(pairs[1]?.share ?? 0, 2 / 3);
  });
});

describe('differences between heads', () => {
  test('one split is judged by McNemar on the same images, in words with counts', () => {
    const [difference] = headDifferences([
      run('svm', { model: 'svm', skill: 0.95 }),
      run('forest', { model: 'forest', skill: 0.3 }),
    ]);
    assert.equal(difference?.test, 'McNemar, mid-p');
    assert.equal(difference?.distinguishable, true);
    assert.match(
      difference?.words ?? '',
      /^svm is better than forest on these 24 images: svm alone is right on \d+, forest alone on \d+ \(p < 0\.001\)$/,
    );
  });

  test('a head has no significant difference from itself', () => {
    const [difference] = headDifferences([run('a', {}), run('b', {})]);
    assert.equal(difference?.p, 1);
    assert.match(difference?.words ?? '', /^no significant difference between a and b on these 24 images/);
  });

  test('repeats are judged by the corrected t-test, also without predictions', () => {
    const runs = [run('svm', { model: 'svm', repeats: 5 }), run('linear', { repeats: 5, skill: 0.7 })];
    const [difference] = headDifferences(runs.map(({ name, report }) => ({ name, report, predictions: undefined })));
    assert.equal(difference?.test, 'corrected resampled t');
    assert.match(
      difference?.words ?? '',
      /over these 5 repeats: 95 % interval of the difference -?\d+\.\d to \d+\.\d points \(p = /,
    );
  });

  test('heads with equal accuracy in every repeat are reported as equal, without an interval', () => {
    const runs = [run('a', { repeats: 3 }), run('b', { repeats: 3 })];
    assert.equal(
      headDifferences(runs)[0]?.words,
      'no significant difference between a and b over these 3 repeats: the same accuracy in each (p = 1.00)',
    );
  });

  test('p-values of several pairs are adjusted together, so that a single small one counts for less', () => {
    const runs = ['a', 'b', 'c', 'd'].map((name, i) => run(name, { model: 'm'.repeat(i + 1), skill: 0.75 }));
    const differences = headDifferences(runs);
    assert.equal(differences.length, 6);
    for (const { p, adjustedP } of differences) assert.ok(adjustedP >= p);
  });

  test('a pair that is only insignificant after the adjustment has both p-values', () => {
    const swapped = run('b', { model: 'svm' });
    // b has 6 images fewer than a: p = 0.016 alone, 0.094 among six pairs.
    const wrong = new Set(
      run('a', {})
        .predictions?.filter((p) => p.predictedClass === p.trueClass)
        .slice(0, 6)
        .map((p) => p.id),
    );
    const predictions = (run('a', {}).predictions ?? []).map((p) =>
      wrong.has(p.id) ? { ...p, predictedClass: p.trueClass === 'breed 000' ? 'breed 001' : 'breed 000' } : p,
    );
    const a = run('a', {});
    const worse = { ...swapped, predictions };
    assert.match(headDifferences([a, worse])[0]?.words ?? '', /^a is better than b on .* \(p = 0\.016\)$/);
    const among = headDifferences([a, run('c', {}), run('d', {}), worse]);
    assert.match(
      among[2]?.words ?? '',
      /^a may be better than b, but one such pair among 6 can be chance; on [^:]*: [^:]* \(p = 0\.016; adjusted for 6 pairs, p = 0\.094\)$/,
    );
  });

  test('one split without predictions is not judged', () => {
    assert.deepEqual(headDifferences([run('a', {}), { ...run('b', {}), predictions: undefined }]), []);
  });

  test('predictions for other images are an error, not a number', () => {
    const other = run('b', {});
    const foreign = other.predictions?.map((p) => ({ ...p, id: `x${p.id}` }));
    assert.throws(() => headDifferences([run('a', {}), { ...other, predictions: foreign }]), /different images/);
  });
});

describe('held-out images', () => {
  test('predictions of all repeats are gathered by image', () => {
    const images = heldOutImages([
      answer('x', 'a', 'b', 0.9),
      answer('y', 'a', 'a', 0.8),
      answer('x', 'a', 'b', 0.7, 1),
      answer('x', 'a', 'a', 0.6, 2),
    ]);
    assert.equal(images.length, 2);
    const [x] = images;
    assert.equal(x?.predictedClass, 'b');
    assert.deepEqual([x?.timesHeldOut, x?.timesPredicted], [3, 2]);
    close(x?.confidence ?? 0, 0.8);
    close(x?.trueConfidence ?? 0, (0.05 + 0.15 + 0.6) / 3);
  });

  test('mistakes are sorted by confidence, those of an image that is mostly right among them', () => {
    const mistakes = confidentMistakes([
      answer('x', 'a', 'b', 0.5),
      answer('y', 'a', 'b', 0.9),
      answer('z', 'a', 'a', 0.99),
      answer('y', 'a', 'a', 0.8, 1),
      answer('y', 'a', 'a', 0.8, 2),
    ]);
    assert.deepEqual(
      mistakes.map(({ id, timesPredicted, timesHeldOut }) => [id, timesPredicted, timesHeldOut]),
      [
        ['y', 1, 3],
        ['x', 1, 1],
      ],
    );
  });

  test('labels that were swapped on purpose are suspected, ambiguous ones are not', () => {
    const honest = Array.from({ length: 40 }, (_, i) =>
      answer(`ok${i}`, i % 2 === 0 ? 'a' : 'b', i % 2 === 0 ? 'a' : 'b', 0.8),
    );
    const swapped = [answer('swapped1', 'a', 'b', 0.95), answer('swapped2', 'b', 'a', 0.9)];
    const doubt = [answer('doubt', 'a', 'b', 0.55)];
    const suspects = suspectedLabels(heldOutImages([...honest, ...swapped, ...doubt]));
    assert.deepEqual(
      suspects.map(({ id }) => id),
      ['swapped1', 'swapped2'],
    );
  });

  test('an image predicted as a class that was never held out is not suspected', () => {
    assert.deepEqual(suspectedLabels(heldOutImages([answer('x', 'a', 'b', 0.99)])), []);
  });
});
