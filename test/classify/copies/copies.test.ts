import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { classify } from '../../../src/classify/classify.ts';
import { compareImages, copiesFound, describeCopies, groupedByCopies } from '../../../src/classify/copies/copies.ts';
import { joinLabels, type LabelledData } from '../../../src/classify/data/labelled-data.ts';
import { openFeatureSet } from '../../../src/features/reader.ts';
import { createHead } from '../../../src/models/registry.ts';
import { openTrainingPhotos } from '../../../src/predict/training-photos.ts';
import { readReport } from '../../../src/report/read-report.ts';
import { findCopies } from '../../../src/rows/alike/copies.ts';
import { groupShuffleSplit } from '../../../src/split/folds.ts';
import type { Split } from '../../../src/split/split.ts';
import { makeFeatureSet } from '../../features/make-feature-set.ts';
import { jsonFixture } from '../../reference.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { drawRows } from '../drawn-set.ts';

interface Golden {
  readonly labels: readonly number[];
  readonly rows: readonly (readonly number[])[];
  readonly limit: number;
  readonly clusters: readonly number[];
  readonly groupSplits: readonly { readonly train: readonly number[]; readonly test: readonly number[] }[];
  readonly repeats: readonly {
    readonly train: readonly number[];
    readonly test: readonly number[];
    readonly predicted: readonly number[];
    readonly across: number;
  }[];
  readonly accuracyWithout: number;
}

const golden: Golden = jsonFixture('classify/copies.json');
const matrix = {
  rowCount: golden.rows.length,
  columnCount: 12,
  data: Float32Array.from(golden.rows.flat()),
};
const ids = golden.rows.map((_, row) => `photo-${String(row).padStart(2, '0')}`);
const splitOf = ({ train, test }: { train: readonly number[]; test: readonly number[] }): Split => ({
  train: Int32Array.from(train),
  test: Int32Array.from(test),
});

const root = temporaryFolder();
before(async () => {
  await makeFeatureSet(join(root, 'golden'), {
    matrix,
    ids,
    labels: ids.map((id, row) => [id, `kind-${golden.labels[row]}`]),
  });
});

const data = async (): Promise<LabelledData> =>
  joinLabels(await openFeatureSet(join(root, 'golden')), { maxMissing: 0 });

test("clusters of near-duplicates equal SciPy's connected components of scikit-learn's neighbours", async () => {
  const { clusterOf, sizes, distance } = await findCopies({ ...matrix, data: matrix.data.slice() });
  assert.deepEqual(Array.from(clusterOf), golden.clusters);
  assert.ok(Math.abs(distance - golden.limit) < 1e-6);
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    matrix.rowCount,
  );
});

test("splits that keep near-duplicates together equal scikit-learn's GroupShuffleSplit of the clusters", async () => {
  const [grouped] = await groupedByCopies([await data()]);
  assert.deepEqual(grouped?.grouping, { by: 'near-copies', groups: Math.max(...golden.clusters) + 1, images: 8 });
  const splits = groupShuffleSplit(grouped?.groups as Int32Array, { testSize: 0.25, seed: 4, repeats: 3 });
  assert.deepEqual(
    splits.map(({ train, test }) => ({ train: Array.from(train), test: Array.from(test) })),
    golden.groupSplits,
  );
});

test('accuracy without copies across the split counts the test rows without a copy in training', async () => {
  const found = await compareImages(await data());
  const answers = golden.repeats.flatMap(({ test, predicted }, repeat) =>
    test.map((row, i) => ({
      repeat,
      id: ids[row] as string,
      trueClass: `kind-${golden.labels[row]}`,
      predictedClass: `kind-${predicted[i]}`,
      probability: 1,
      trueProbability: 1,
    })),
  );
  const said = copiesFound(found, golden.repeats.map(splitOf), answers);
  assert.equal(
    said.acrossSplit,
    golden.repeats.reduce((sum, { across }) => sum + across, 0),
  );
  assert.ok(said.acrossSplit > 0);
  assert.ok(Math.abs((said.accuracyWithout as number) - golden.accuracyWithout) < 1e-12);
  assert.deepEqual([said.compared, said.of, said.clusters, said.images], [60, 60, 2, 8]);
});

test('classify reports the effect of copies across the split, and none when they are grouped', async () => {
  const options = {
    heads: [createHead('ridge', {})],
    testSize: 0.3,
    seed: 2,
    repeats: 4,
    threads: 1,
    out: join(root, 'reports'),
    command: 'featuretap classify --model ridge',
  };
  const table = await data();
  const [report] = await classify(table, options);
  assert.ok(report);
  // The split is scikit-learn's, so the copies across it are the fixture's, for any head.
  assert.equal(
    report.copies?.acrossSplit,
    golden.repeats.reduce((sum, { across }) => sum + across, 0),
  );
  assert.match(report.warnings.join('\n'), /test images are copies, exact or nearly, of training images: without them/);
  assert.deepEqual(await readReport(join(report.report, 'report.json')), report);

  const [grouped] = await groupedByCopies([table]);
  const [apart] = await classify(grouped as LabelledData, options);
  assert.equal(apart?.copies?.acrossSplit, 0);
  assert.deepEqual(apart?.grouping, grouped?.grouping);
  assert.ok(!apart?.warnings.some((warning) => warning.includes('copies')));
  assert.notEqual(apart?.splitHash, report.splitHash);
  assert.notEqual(apart?.report, report.report);
  for (const { train, test } of apart?.perRepeat ?? []) {
    const trained = new Set(train.map((row) => golden.clusters[row]));
    assert.ok(!test.some((row) => trained.has(golden.clusters[row])));
  }
  assert.ok(apart);
  // The code that compares new photos with training photos reproduces the split.
  await openTrainingPhotos(apart, 1);
});

test('near-duplicates are not searched in features of random weights', async () => {
  const table = await data();
  const options = { heads: [createHead('ridge', {})], testSize: 0.3, seed: 0, repeats: 1, threads: 1, command: 'x' };
  const featureSet = { ...table.featureSet, randomWeights: true };
  const [report] = await classify({ ...table, featureSet }, { ...options, out: join(root, 'random') });
  assert.equal(report?.copies, undefined);
});

test('the message about near-duplicates has their count and the effect on accuracy', () => {
  const found = { compared: 9, of: 9, distance: 0.1, clusters: 1, images: 2 };
  const run = { model: 'knn', accuracy: 0.9, perRepeat: [{ test: new Int32Array(12) }, { test: new Int32Array(8) }] };
  const said = (more: { readonly acrossSplit: number; readonly accuracyWithout?: number }): string | undefined =>
    describeCopies([{ ...run, copies: { ...found, ...more } }]);
  assert.equal(describeCopies([run]), undefined);
  assert.equal(said({ acrossSplit: 0, accuracyWithout: 0.9 }), undefined);
  assert.equal(
    said({ acrossSplit: 1, accuracyWithout: 0.85 }),
    '1 of 20 test images is a copy, exact or nearly, of training images: without it accuracy is 85.0 %, with it 90.0 %; --groups near-copies keeps copies on one side',
  );
  assert.match(said({ acrossSplit: 20 }) ?? '', /no other test image is left/);
  const copies = { ...found, acrossSplit: 2 };
  assert.equal(
    describeCopies([
      { ...run, copies: { ...copies, accuracyWithout: 0.85 } },
      { ...run, model: 'ridge', accuracy: 0.8, copies: { ...copies, accuracyWithout: 0.75 } },
    ]),
    '2 of 20 test images are copies, exact or nearly, of training images: without them accuracy is: knn 85.0 % (with them 90.0 %), ridge 75.0 % (with them 80.0 %); --groups near-copies keeps copies on one side',
  );
});

test('finds copies in different blocks of rows, and all of many identical ones', async () => {
  const rows = drawRows(1100, 16, 5, 3);
  for (const row of [700, 1030, 1099]) rows.data.copyWithin(row * 16, 4 * 16, 5 * 16);
  const { clusterOf } = await findCopies(rows);
  assert.deepEqual(
    [700, 1030, 1099].map((row) => clusterOf[row]),
    [4, 4, 4],
  );
  const same = { rowCount: 700, columnCount: 3, data: new Float32Array(2100).fill(2) };
  const { sizes } = await findCopies(same);
  assert.deepEqual(Array.from(sizes), [700]);
});
