import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatPredictions, parsePredictions } from '../../../src/classify/result/predictions.ts';
import { UserError } from '../../../src/system/errors.ts';

const prediction = fc.record(
  {
    repeat: fc.nat(100),
    id: fc.string({ minLength: 1, unit: 'grapheme' }),
    trueClass: fc.string({ minLength: 1, unit: 'grapheme' }),
    predictedClass: fc.string({ minLength: 1 }),
    probability: fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs),
    trueProbability: fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs),
  },
  { noNullPrototype: true },
);

test('predictions are read back from CSV unchanged, with any character in ids and class names', () => {
  fc.assert(
    fc.property(fc.array(prediction, { maxLength: 20 }), (predictions) => {
      assert.deepEqual(parsePredictions([...formatPredictions(predictions)].join(''), 'predictions.csv'), predictions);
    }),
  );
});

test('the five most probable classes are read back from CSV with six digits', () => {
  const probability = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => Number(Math.abs(value).toPrecision(6)));
  const top = fc.array(fc.record({ name: fc.string({ minLength: 1 }), probability }, { noNullPrototype: true }), {
    minLength: 5,
    maxLength: 5,
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(prediction, top), { minLength: 1, maxLength: 10 }), (pairs) => {
      const predictions = pairs.map(([each, five]) => ({ ...each, top: five }));
      assert.deepEqual(parsePredictions([...formatPredictions(predictions)].join(''), 'p.csv'), predictions);
    }),
  );
});

test('other columns, missing fields and text for a number are rejected with the line number', () => {
  const header = 'repeat,id,true,predicted,probability,true_probability\n';
  for (const [text, found] of [
    ['', /header missing/],
    ['id,label\na,b\n', /header id,label/],
    [`${header}0,a,b\n`, /line 2/],
    [`${header}0,a,b,b,0.5,0.5\n0,c,b,b,high,0.5\n`, /line 3: 0,c,b,b,high,0.5/],
    [`${header}0,a,b,b,,0.5\n`, /line 2/],
  ] as const) {
    assert.throws(
      () => parsePredictions(text, 'p.csv'),
      (error) => error instanceof UserError && found.test(error.message) && error.message.includes('p.csv'),
    );
  }
});
