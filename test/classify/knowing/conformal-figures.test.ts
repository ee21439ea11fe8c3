import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { chooseHeads } from '../../../src/classify/choose-heads.ts';
import { classify } from '../../../src/classify/classify.ts';
import { joinLabels } from '../../../src/classify/data/labelled-data.ts';
import type { Report } from '../../../src/classify/result/report.ts';
import { openFeatureSet } from '../../../src/features/reader.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { makeDrawnSet } from '../drawn-set.ts';

const root = temporaryFolder();
before(async () => {
  await makeDrawnSet(join(root, 'drawn'), { rows: 200 });
});

async function reportsOf(models: readonly string[], repeats = 1): Promise<readonly Report[]> {
  return classify(await joinLabels(await openFeatureSet(join(root, 'drawn')), { maxMissing: 0 }), {
    heads: chooseHeads(models, {}),
    testSize: 0.4,
    seed: 0,
    repeats,
    threads: 2,
    out: join(root, 'reports'),
    command: 'featuretap classify',
  });
}

test('calibrates on training rows that were held out from the fit, and the report says which', async () => {
  const reports = await reportsOf(['all']);
  const found = reports.map(({ model, conformal }) => [model, conformal?.rowsAre]);
  assert.deepEqual(found.sort(), [
    ['forest', 'out-of-bag'],
    ['knn', 'cross-validated'],
    ['linear', 'cross-validated'],
    // With more rows, mlp uses held-out rows for early stopping; those cannot calibrate, so it fits once more.
    ['mlp', 'cross-validated'],
    ['ridge', 'left out one by one'],
    ['svm', 'cross-validated'],
  ]);
  for (const { conformal, testSize } of reports) {
    assert.ok(conformal);
    assert.equal(conformal.rows, conformal.scores.length);
    assert.ok(conformal.rows > 20 && conformal.rows <= 120, `${conformal.rows}`);
    assert.equal(conformal.testImages, testSize);
    assert.deepEqual(
      [...conformal.scores].sort((a, b) => a - b),
      conformal.scores,
    );
  }
});

test('higher coverage gives larger sets, and answering every photo gives the accuracy of the head', async () => {
  const [report] = await reportsOf(['linear'], 2);
  const { coverages = [], riskCoverage = [], perClass = [] } = report?.conformal ?? {};
  for (const [i, { reached, meanSetSize }] of coverages.slice(1).entries()) {
    assert.ok(reached >= (coverages[i]?.reached ?? 2) && meanSetSize >= (coverages[i]?.meanSetSize ?? 99));
  }
  assert.equal(riskCoverage.at(-1)?.accuracy, report?.perRepeat[0]?.accuracy);
  assert.equal(riskCoverage.length, 10);
  const images = new Map(report?.perClass.map(({ name, support }) => [name, support / 2]));
  assert.ok(perClass.every((each) => each.images >= 20 && images.has(each.name)));
});
