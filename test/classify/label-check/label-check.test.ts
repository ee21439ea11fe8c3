import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '../../../scripts/demo/random.ts';
import { type ClassifyEvent, classify } from '../../../src/classify/classify.ts';
import type { LabelledData } from '../../../src/classify/data/labelled-data.ts';
import { chooseChecker, doubtLabels } from '../../../src/classify/label-check/check-labels.ts';
import { confidentThresholds } from '../../../src/classify/label-check/confident.kernel.ts';
import { labelCheckFile, readLabelCheck } from '../../../src/classify/label-check/label-check-file.ts';
import type { Report } from '../../../src/classify/result/report.ts';
import { createHead } from '../../../src/models/registry.ts';
import { UserError } from '../../../src/system/errors.ts';
import { jsonFixture } from '../../reference.ts';
import { drawReport } from '../../report/drawn-report.ts';

interface Golden {
  readonly labels: readonly number[];
  readonly probabilities: readonly (readonly number[])[];
  readonly thresholds: readonly number[];
  readonly suspected: readonly number[];
}

test('finds the labels that cleanlab finds, in the same order', async () => {
  const { labels, probabilities, thresholds, suspected } = jsonFixture<Golden>('label-check.json');
  const classCount = thresholds.length;
  const flat = Float32Array.from(probabilities.flat());
  const given = Int32Array.from(labels);
  const all = new Uint8Array(labels.length).fill(1);
  const own = confidentThresholds(flat, given, all, classCount);
  for (const [c, value] of thresholds.entries()) assert.ok(Math.abs((own[c] as number) - value) < 1e-6);
  const doubts = doubtLabels(flat, given, all, classCount);
  assert.equal(doubts.length, labels.length);
  assert.ok(suspected.length > 5, 'the golden values name some');
  assert.deepEqual(
    doubts.filter((doubt) => doubt.suspected).map(({ row }) => row),
    suspected,
  );
});

test('checks with the cheapest head within one standard error of the best', () => {
  const report = (model: string, accuracy: number): Report => ({ ...drawReport({ model }).report, accuracy });
  const [linear, svm, knn] = [report('linear', 0.75), report('svm', 0.73), report('knn', 0.5)];
  assert.equal(chooseChecker([linear, svm, knn]), svm);
  assert.equal(chooseChecker([linear, knn]), linear);
});

/** Three clusters of twelve rows, two with the label of another cluster, and a class of one row. */
function mislabelled(): { data: LabelledData; wrong: readonly string[] } {
  const random = seededRandom(3);
  const rows = Array.from({ length: 37 }, (_, i) => ({ cloud: i === 36 ? 3 : Math.floor(i / 12), id: `image-${i}` }));
  const values = rows.flatMap(({ cloud }) => Array.from({ length: 8 }, (_, d) => (d === cloud ? 5 : 0) + random()));
  const wrong = [4, 20];
  return {
    wrong: wrong.map((row) => `image-${row}`),
    data: {
      ids: rows.map(({ id }) => id),
      viewsPerImage: 0,
      features: { rowCount: rows.length, columnCount: 8, data: Float32Array.from(values) },
      labels: Int32Array.from(rows, ({ cloud }, row) => (wrong.includes(row) ? (cloud + 1) % 3 : cloud)),
      classes: ['a', 'b', 'c', 'single'],
      fingerprint: 'f'.repeat(64),
      featureSet: drawReport().report.featureSet,
      warnings: [],
    },
  };
}

test('finds changed labels, judges every image once, and writes the result beside the head that was used', async () => {
  const out = await mkdtemp(join(tmpdir(), 'featuretap-labels-'));
  try {
    const { data, wrong } = mislabelled();
    const events: ClassifyEvent[] = [];
    const rows = Int32Array.from(data.ids.keys());
    const [report] = await classify(data, {
      heads: [createHead('linear', { calibrate: 'none' })],
      splits: [{ train: rows.filter((row) => row % 4 !== 0), test: rows.filter((row) => row % 4 === 0 && row < 36) }],
      testSize: 0.25,
      seed: 0,
      repeats: 1,
      threads: 1,
      checkLabels: true,
      out,
      command: 'featuretap classify --check-labels',
      onEvent: (event) => events.push(event),
    });
    const check = await readLabelCheck(report as Report);
    assert.deepEqual(
      check?.images
        .filter(({ suspected }) => suspected)
        .map(({ id }) => id)
        .sort(),
      [...wrong].sort(),
    );
    assert.deepEqual([check?.folds, check?.imageCount, check?.unjudged, check?.images.length], [5, 37, 1, 36]);
    const said = events.find((event) => event.kind === 'labels');
    assert.deepEqual(said?.kind === 'labels' && said.check, check);

    assert.equal(await readLabelCheck({ ...(report as Report), splitHash: 'other labels' }), undefined);
    const file = join((report as Report).report, labelCheckFile);
    await writeFile(file, '{"formatVersion": 1');
    await assert.rejects(
      readLabelCheck(report as Report),
      (error) => error instanceof UserError && error.message.includes(file),
    );
    await rm(file);
    assert.equal(await readLabelCheck(report as Report), undefined);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});
