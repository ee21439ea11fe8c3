import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { chooseHeads } from '../../src/classify/choose-heads.ts';
import { type ClassifyOptions, classify } from '../../src/classify/classify.ts';
import { readSplits } from '../../src/classify/data/choose-splits.ts';
import { readExternalFeatures } from '../../src/classify/data/external-features.ts';
import { joinLabels, type LabelledData } from '../../src/classify/data/labelled-data.ts';
import { readLabels } from '../../src/classify/data/labels-file.ts';
import { parsePredictions } from '../../src/classify/result/predictions.ts';
import { trainingTable } from '../../src/classify/trial/trial.ts';
import type { Outcome } from '../../src/features/index/outcomes.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { loadHead } from '../../src/models/registry.ts';
import { headFile, readSavedHead } from '../../src/models/saved-head.ts';
import { readReport } from '../../src/report/read-report.ts';
import { innerFolds } from '../../src/split/inner-folds.ts';
import { InterruptedError, UserError } from '../../src/system/errors.ts';
import { makeFeatureSet } from '../features/make-feature-set.ts';
import { projectRoot } from '../reference.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { drawRows, makeDrawnSet } from './drawn-set.ts';

const root = temporaryFolder();
before(async () => {
  await makeDrawnSet(join(root, 'drawn'), { rows: 80 });
});

async function drawn(): Promise<LabelledData> {
  return joinLabels(await openFeatureSet(join(root, 'drawn')), { maxMissing: 0 });
}

function options(change: Partial<ClassifyOptions> = {}): ClassifyOptions {
  return {
    heads: chooseHeads(['linear'], {}),
    testSize: 0.25,
    seed: 0,
    repeats: 2,
    threads: 2,
    out: join(root, 'reports'),
    command: 'featuretap classify --model linear',
    ...change,
  };
}

test('a folder that cannot be written to is rejected before any fit', async () => {
  const file = join(root, 'a file');
  await writeFile(file, '');
  let events = 0;
  const run = classify(await drawn(), options({ out: join(file, 'reports'), onEvent: () => events++ }));
  await assert.rejects(run, /reports cannot be written[\s\S]*a file.reports[\s\S]*--out FOLDER/);
  assert.equal(events, 0);
});

test('writes a report that can be read back, with predictions for every test row of every repeat', async () => {
  const [report] = await classify(await drawn(), options());
  assert.ok(report);
  assert.deepEqual(await readReport(join(report.report, 'report.json')), report);
  assert.deepEqual((await readdir(report.report)).sort(), [headFile, 'predictions.csv', 'report.json']);
  assert.equal(report.trainSize + report.testSize, 80);
  assert.equal(
    report.confusion.flat().reduce((sum, count) => sum + count, 0),
    40,
  );

  const file = join(report.report, 'predictions.csv');
  const predictions = parsePredictions(await readFile(file, 'utf8'), file);
  const ids = report.perRepeat.flatMap(({ test: rows }) => rows.map((row) => `img-${String(row).padStart(3, '0')}`));
  assert.deepEqual(
    predictions.map(({ id }) => id),
    ids,
  );
  const correct = predictions.filter(({ trueClass, predictedClass }) => trueClass === predictedClass).length;
  assert.ok(Math.abs(correct / 40 - report.accuracy) < 1e-12);
  assert.ok(report.accuracy > 0.6);
});

test('the saved head gives the predictions in the report of the first repeat', async () => {
  const data = await drawn();
  const [report] = await classify(data, options({ repeats: 1 }));
  assert.ok(report);
  const head = loadHead(await readSavedHead(report.report));
  const found = await head.predict(data.features);
  const rows = report.perRepeat[0]?.test ?? [];
  const correct = rows.filter((row) => found[row] === data.labels[row]).length;
  assert.equal(correct / rows.length, report.accuracy);
});

test('the same seed gives the same files with any number of threads, except for times and dates', async () => {
  const data = await drawn();
  const filesOf = async (threads: number, out: string): Promise<readonly string[]> => {
    const [report] = await classify(data, options({ threads, out: join(root, out) }));
    const folder = report?.report ?? '';
    const text = await readFile(join(folder, 'report.json'), 'utf8');
    const timeless = text
      .replaceAll(/"(fitSeconds|predictSeconds)": [\d.e-]+/g, '"$1": 0')
      .replace(/"createdAt": "[^"]+"/, '')
      .replaceAll(join(root, out), '');
    const others = [headFile, 'predictions.csv'].map((name) => readFile(join(folder, name), 'latin1'));
    return [timeless, ...(await Promise.all(others))];
  };
  assert.deepEqual(await filesOf(3, 'again'), await filesOf(1, 'once'));
});

test("the report's folder depends on parameters, seed and test size, and on nothing else", async () => {
  const data = await drawn();
  const folderOf = async (change: Partial<ClassifyOptions>): Promise<string> =>
    (await classify(data, options({ repeats: 1, ...change })))[0]?.report ?? '';
  const folders = [
    await folderOf({}),
    await folderOf({ heads: chooseHeads(['linear'], { C: 2 }) }),
    await folderOf({ seed: 1 }),
    await folderOf({ testSize: 20 }),
  ];
  // 20 rows and a quarter of 80 rows give the same split.
  assert.equal(folders[3], folders[0]);
  assert.equal(new Set(folders).size, 3);
});

test('an interrupt stops between heads and splits, and the message tells how to continue', async () => {
  const controller = new AbortController();
  controller.abort();
  await assert.rejects(
    classify(await drawn(), options({ signal: controller.signal })),
    (error) => error instanceof InterruptedError && error.resume === 'featuretap classify --model linear',
  );
});

const lost = (count: number): Outcome[] =>
  Array.from({ length: count }, (_, i) => ({ id: `lost-${i}`, path: '', outcome: 'unreadable', reason: 'truncated' }));

test('rejects a set in which too many inputs have no row, and names the share that would accept it', async () => {
  const folder = join(root, 'lossy');
  await makeDrawnSet(folder, { rows: 40, outcomes: lost(2) });
  const set = await openFeatureSet(folder);
  await assert.rejects(
    joinLabels(set, { maxMissing: 0.01 }),
    /2 of 42 inputs gave no row[\s\S]*2 unreadable[\s\S]*at most 1 %[\s\S]*--max-missing 0\.048/,
  );
  assert.deepEqual((await joinLabels(set, { maxMissing: 0.048 })).featureSet.missing, { unreadable: 2 });
});

test('files that were missing at extraction with --allow-missing are counted, not rejected', async () => {
  const folder = join(root, 'allowed');
  const outcomes = lost(30).map((outcome) => ({ ...outcome, outcome: 'missing' as const }));
  await makeDrawnSet(folder, { rows: 40, outcomes });
  const data = await joinLabels(await openFeatureSet(folder), { maxMissing: 0.01 });
  assert.deepEqual(data.featureSet.missing, { missing: 30 });
});

test('the report says that random weights have no meaning, and counts images without a label', async () => {
  const folder = join(root, 'random');
  const labels = Array.from(
    { length: 30 },
    (_, row) => [`img-${String(row).padStart(3, '0')}`, `k${row % 2}`] as const,
  );
  await makeDrawnSet(folder, { rows: 40, labels, weights: 'random' });
  const data = await joinLabels(await openFeatureSet(folder), { maxMissing: 0 });
  const [report] = await classify(data, options({ repeats: 1 }));
  assert.equal(report?.featureSet.randomWeights, true);
  assert.match(
    report?.warnings.join('\n') ?? '',
    /say nothing about pretrained features\n10 images with a row but without a label/,
  );
});

test('rejects a set without labels, and accepts a labels file instead', async () => {
  const folder = join(root, 'unlabelled');
  await makeDrawnSet(folder, { rows: 20, labels: [] });
  const set = await openFeatureSet(folder);
  await assert.rejects(joinLabels(set, { maxMissing: 0 }), /no row of the feature set has a label[\s\S]*--labels FILE/);
  const file = join(root, 'labels.csv');
  await writeFile(file, '\ufeffid,breed,more\r\nimg-003,pug,1\r\nimg-001,"bull, pit",2\r\n');
  const data = await joinLabels(set, { maxMissing: 0, labels: await readLabels(file) });
  assert.deepEqual(data.ids, ['img-003', 'img-001']);
  assert.deepEqual(data.classes, ['bull, pit', 'pug']);
  assert.deepEqual([...data.labels], [1, 0]);
});

test('rejects an empty labels file, a missing label and a second label for one id, with the line number', async () => {
  const file = join(root, 'bad.csv');
  for (const [text, message] of [
    ['', /bad.csv is empty/],
    ['id\n1\n', /has one column[\s\S]*line 1/],
    ['id,label\n', /no line after the header/],
    ['id,label\n1,\n', /line 2[\s\S]*an id and one label/],
    ['id,label\n1,a\n1,b\n', /line 3[\s\S]*1 is a and b/],
  ] as const) {
    await writeFile(file, text);
    await assert.rejects(readLabels(file), message);
  }
  await assert.rejects(readLabels(join(root, 'nowhere.csv')), /there is no such table/);
});

test('columns of a labels file are found by their names, and ids may have an extension', async () => {
  const file = join(root, 'columns-by-name.csv');
  await writeFile(file, ',fold,breed,image\n0,1,pug,img-003.jpg\n1,2,boxer,img-001.png\n');
  const set = await openFeatureSet(join(root, 'drawn'));
  const labels = await readLabels(file, { isId: (cell) => set.rowOf(cell) !== undefined });
  assert.equal(labels.reading, 'columns-by-name.csv: id = image, label = breed');
  assert.deepEqual(
    [...labels.labels],
    [
      ['img-003', 'pug'],
      ['img-001', 'boxer'],
    ],
  );
  const names = Array.from({ length: 24 }, (_, i) => `img-${i},${i + 0.5}\n`);
  await writeFile(file, `id,label\n${names.join('')}`);
  await assert.rejects(readLabels(file), /these look like measurements: regression is not supported/);
  await writeFile(file, 'id,label\n1,scab\n2,rust\n3,scab rust\n');
  await assert.rejects(readLabels(file), /multi-label/);
  await writeFile(file, 'id,breed,species\nimg-003,a,b\nimg-001,c,b\n');
  await assert.rejects(readLabels(file), /more than one way[\s\S]*--id-column id --label-column breed/);
});

test('a parameter or solver that no chosen head has is wrong usage, answered with the heads that do', () => {
  assert.throws(() => chooseHeads(['linear'], { trees: '9' }), /--trees[\s\S]*--model linear[\s\S]*--model forest/);
  assert.throws(() => chooseHeads(['linear'], { maxDepth: '9' }), /--max-depth/);
  assert.throws(() => chooseHeads(['linear'], { solver: 'quantum' }), /--solver[\s\S]*lbfgs \| adam/);
  assert.throws(() => chooseHeads(['tree'], {}), /--model[\s\S]*tree[\s\S]*linear \| /);
  assert.throws(() => chooseHeads(['forest'], { C: '1' }), /--C is not usable/);
  const all = chooseHeads(['all'], { C: '2', trees: '7' });
  assert.ok(all.length >= 2);
  assert.equal(all.find((head) => head.model === 'linear')?.params['C'], 2);
  assert.equal(all.find((head) => head.model === 'forest')?.params['trees'], 7);
});

test('an option without effect is wrong usage, and the message names it as it was typed', () => {
  const idle: readonly (readonly [model: string, params: Readonly<Record<string, unknown>>, message: RegExp])[] = [
    ['svm', { gamma: '0.1' }, /^--gamma is not usable[\s\S]*0\.1[\s\S]*--kernel rbf/],
    ['svm', { kernel: 'linear', gamma: 'auto' }, /^--gamma/],
    ['svm', { solver: 'linearsvc', gamma: '1' }, /^--gamma/],
    ['svm', { allowSlow: true }, /^--allow-slow[\s\S]*--solver ml-svm/],
    ['forest', { solver: 'cart', allowSlow: true }, /^--allow-slow[\s\S]*ml-random-forest/],
    ['linear', { epochs: '3' }, /^--epochs[\s\S]*--optimizer adam/],
    ['linear', { optimizer: 'adam', maxIterations: '3' }, /^--max-iterations[\s\S]*--optimizer lbfgs/],
    ['linear', { optimizer: 'adam', solver: 'lbfgs' }, /^--optimizer[\s\S]*--solver lbfgs/],
    ['knn', { votes: 'uniform', temperature: '0.1' }, /^--temperature[\s\S]*--votes similarity/],
    ['mlp', { validation: '0', patience: '3' }, /^--patience[\s\S]*--validation/],
  ];
  for (const [model, params, message] of idle) {
    assert.throws(
      () => chooseHeads([model], params),
      (error) => error instanceof UserError && error.exitCode === 2 && message.test(error.message),
      `${model} ${JSON.stringify(params)}`,
    );
  }
  assert.throws(() => chooseHeads(['forest'], { maxDepth: '0' }), /--max-depth is not usable/);
  assert.equal(chooseHeads(['svm'], { kernel: 'rbf', gamma: '0.1' })[0]?.params['gamma'], 0.1);
  assert.equal(chooseHeads(['svm'], { gamma: 'scale' })[0]?.params['gamma'], 'scale');
  assert.equal(chooseHeads(['all'], { solver: 'ml-random-forest', allowSlow: true }).length > 2, true);
});

test('rejects a saved head that is truncated or missing', async () => {
  const [report] = await classify(await drawn(), options({ repeats: 1, out: join(root, 'damaged') }));
  const folder = report?.report ?? '';
  const whole = await readFile(join(folder, headFile));
  await writeFile(join(folder, headFile), whole.subarray(0, whole.length - 4));
  await assert.rejects(readSavedHead(folder), /not a complete safetensors file/);
  await writeFile(join(folder, headFile), whole.toString('latin1').replace('version 1', 'version 9'), 'latin1');
  await assert.rejects(readSavedHead(folder), /format that is not known[\s\S]*version 9/);
  await assert.rejects(readSavedHead(root), /no saved head here/);
});

const npy = (name: string): string => join(projectRoot, 'test', 'fixtures', 'classify', 'npy', `${name}.npy`);

test('trains on a matrix and labels from NumPy; numeric labels are sorted by value', async () => {
  const data = await readExternalFeatures(npy('x-float64-fortran'), npy('y-int64'), {});
  assert.deepEqual(data.classes, ['-1', '2', '10']);
  assert.deepEqual([...data.labels], [2, 1, 2, 0, 1]);
  assert.deepEqual([data.features.rowCount, data.features.columnCount, data.ids[4]], [5, 3, 'row-4']);
  assert.match(data.fingerprint, /^[0-9a-f]{64}$/);

  const file = join(root, 'rows.csv');
  await writeFile(file, 'breed\npug\npug\nborzoi\npug\nborzoi\n');
  assert.deepEqual([...(await readExternalFeatures(npy('x-float32'), file, {})).labels], [1, 1, 0, 1, 0]);
  await writeFile(file, 'id,breed\na,pug\nb,pug\nc,borzoi\nd,pug\ne,borzoi\n');
  const named = await readExternalFeatures(npy('x-float32'), file, { leaveOut: ['pug'] });
  assert.deepEqual([named.ids, named.classes], [['c', 'e'], ['borzoi']]);
  assert.deepEqual(
    [...named.features.data],
    [2, 3, 4, 8, 9, 10].map((i) => i / 8),
  );
});

test('takes weights and groups of a matrix from columns of its labels file, for the rows that are kept', async () => {
  const file = join(root, 'external.csv');
  await writeFile(file, 'id,breed,weight,animal\na,pug,1,x\nb,pug,0.5,y\nc,borzoi,2,x\nd,pug,0,z\ne,borzoi,3,y\n');
  const data = await readExternalFeatures(npy('x-float32'), file, { sampleWeight: 'weight', groups: 'animal' });
  assert.deepEqual([...(data.sampleWeights ?? [])], [1, 0.5, 2, 0, 3]);
  assert.deepEqual([...(data.groups ?? [])], [0, 1, 0, 2, 1]);
  const kept = await readExternalFeatures(npy('x-float32'), file, { leaveOut: ['borzoi'], sampleWeight: 'weight' });
  assert.deepEqual([...(kept.sampleWeights ?? [])], [1, 0.5, 0]);
  const absent = readExternalFeatures(npy('x-float32'), file, { groups: 'owner' });
  await assert.rejects(absent, /no column owner[\s\S]*weight, animal/);
  const bare = readExternalFeatures(npy('x-float32'), npy('y-int64'), { sampleWeight: 'weight' });
  await assert.rejects(bare, /no column weight[\s\S]*labels alone[\s\S]*FILE\.csv/);
});

test('rejects a wrong number of labels, and features that are not finite, with the row number', async () => {
  const file = join(root, 'short.csv');
  await writeFile(file, 'breed\npug\npug\n');
  await assert.rejects(readExternalFeatures(npy('x-float32'), file, {}), /2 labels[\s\S]*5, one for each row/);
  await assert.rejects(readExternalFeatures(npy('x-nan'), npy('y-int8'), {}), /row-1, column 1[\s\S]*NaN/);
});

test('--exclude leaves classes out, and an unknown class is answered with the existing ones', async () => {
  const set = await openFeatureSet(join(root, 'drawn'));
  const data = await joinLabels(set, { maxMissing: 0, leaveOut: ['kind-0', 'kind-2'] });
  assert.deepEqual([data.classes, data.ids.length], [['kind-1', 'kind-3'], 40]);
  await assert.rejects(joinLabels(set, { maxMissing: 0, leaveOut: ['pug'] }), /--leave-out[\s\S]*4 classes: kind-0/);
});

test('takes weights and groups from columns of the labels file', async () => {
  const file = join(root, 'columns.csv');
  const lines = Array.from(
    { length: 80 },
    (_, i) => `img-${String(i).padStart(3, '0')},k${i % 2},${i % 3},dog ${i % 9}`,
  );
  await writeFile(file, ['id,label,weight,animal', ...lines, ''].join('\n'));
  const set = await openFeatureSet(join(root, 'drawn'));
  const labels = await readLabels(file);
  const data = await joinLabels(set, { maxMissing: 0, labels, sampleWeight: 'weight', groups: 'animal' });
  assert.deepEqual(
    [...(data.sampleWeights ?? [])],
    Array.from({ length: 80 }, (_, i) => i % 3),
  );
  const [report] = await classify(data, options({ repeats: 3, testSize: 0.3 }));
  for (const { train, test: held } of report?.perRepeat ?? []) {
    const tested = new Set(held.map((row) => row % 9));
    assert.equal(tested.size, 3);
    assert.ok(train.every((row) => !tested.has(row % 9)));
  }
  await assert.rejects(
    joinLabels(set, { maxMissing: 0, labels, groups: 'owner' }),
    /no column owner[\s\S]*weight, animal/,
  );
  await assert.rejects(joinLabels(set, { maxMissing: 0, labels, sampleWeight: 'animal' }), /column animal of img-000/);
});

test('a split file sets which rows are in train and test, and their order', async () => {
  const data = await drawn();
  const file = join(root, 'split.csv');
  const lines = data.ids.slice(0, 70).map((id, i) => `${id},${i % 5 === 0 ? 'test' : 'train'}`);
  await writeFile(file, ['id,side', ...lines.reverse(), 'stranger,train', ''].join('\n'));
  const fixed = await readSplits(file, data.ids);
  assert.deepEqual([fixed.unnamed, fixed.unknown, fixed.splits.length], [10, 1, 1]);
  assert.deepEqual([...(fixed.splits[0]?.test ?? [])].slice(0, 3), [65, 60, 55]);
  const [report] = await classify(data, options({ splits: fixed.splits }));
  assert.deepEqual([report?.trainSize, report?.testSize], [56, 14]);

  for (const [text, message] of [
    ['id,part\na,test\n', /line 1[\s\S]*id,side/],
    ['id,side\nimg-001,val\n', /line 2[\s\S]*"val"[\s\S]*train or test/],
    ['id,side\nimg-001,test\nimg-001,train\n', /line 3[\s\S]*img-001 once more/],
    ['id,side\nimg-001,test\n', /0 training and 1 test rows/],
    ['id,side\nx,test\n', /1 ids, none with a row/],
  ] as const) {
    await writeFile(file, text);
    await assert.rejects(readSplits(file, data.ids), message);
  }
});

test('lists the classes of the test set without a training row', async () => {
  const data = await drawn();
  const train = Int32Array.from({ length: 40 }, (_, i) => 4 * Math.floor(i / 2) + (i % 2));
  const splits = [{ train, test: Int32Array.of(2, 3, 4, 5) }];
  const [report] = await classify(data, options({ splits }));
  assert.match(report?.warnings.join() ?? '', /2 classes of the test set without a training row: kind-2, kind-3/);
});

test("the last point of a learning curve uses the whole training set and equals the report's result", async () => {
  const out = join(root, 'curves');
  const [report] = await classify(await drawn(), options({ repeats: 2, learningCurve: true, out }));
  const curve = report?.learningCurve ?? [];
  assert.deepEqual(
    curve.map(({ repeat, trainSize }) => [repeat, trainSize]),
    [0, 1].flatMap((repeat) => [8, 16, 32, 60].map((size) => [repeat, size])),
  );
  assert.equal(curve[7]?.accuracy, report?.perRepeat[1]?.accuracy);
  assert.ok((curve[0]?.accuracy ?? 1) <= (curve[3]?.accuracy ?? 0));
  // A later run of the same head keeps the curve, unless its metrics differ.
  const [later] = await classify(await drawn(), options({ repeats: 2, checkLabels: true, out }));
  assert.deepEqual(later?.learningCurve, curve);
  const file = join(later?.report ?? '', 'report.json');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/"logLoss": /g, '"logLoss": 1'));
  const [other] = await classify(await drawn(), options({ repeats: 2, out }));
  assert.equal(other?.learningCurve, undefined);
});

test('training shares that select the same images give one point of a learning curve', async () => {
  const train = Int32Array.from({ length: 8 }, (_, row) => row);
  const splits = [{ train, test: Int32Array.from({ length: 12 }, (_, row) => 20 + row) }];
  const [report] = await classify(await drawn(), options({ splits, learningCurve: true, out: join(root, 'curves') }));
  assert.deepEqual(
    report?.learningCurve?.map(({ trainSize }) => trainSize),
    [4, 8],
  );
});

test('augmented views of training images are used in training, those of test images nowhere', async () => {
  const folder = join(root, 'views');
  const ids = Array.from({ length: 24 }, (_, i) => `v${i}`);
  // [image, view] of each row: the plain row of an image is followed by its two views.
  const data = Float32Array.from({ length: 24 * 3 * 2 }, (_, i) =>
    i % 2 === 0 ? Math.floor(i / 6) : Math.floor(i / 2) % 3,
  );
  await makeFeatureSet(folder, {
    matrix: { rowCount: 72, columnCount: 2, data },
    ids,
    labels: ids.map((id, i) => [id, `k${i % 2}`]),
    fields: { views: { count: 2, seed: 0 } },
  });
  const set = await openFeatureSet(folder);
  const joined = await joinLabels(set, { maxMissing: 0 });
  assert.equal((await joinLabels(set, { maxMissing: 0, withoutViews: true })).viewsPerImage, 0);
  const table = trainingTable(joined, Int32Array.of(5, 2, 9, 7));
  const rows = Array.from({ length: 12 }, (_, i) => [...table.features.data.subarray(2 * i, 2 * i + 2)]);
  assert.deepEqual(rows, [
    ...[5, 2, 9, 7].map((image) => [image, 0]),
    ...[5, 2, 9, 7].flatMap((image) => [1, 2].map((view) => [image, view])),
  ]);
  assert.deepEqual([...table.labels], [1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1]);

  const whole = trainingTable(joined, Int32Array.from(ids.keys()));
  for (const { train, test: held } of innerFolds(whole, 3)) {
    assert.ok(held.every((row) => row < 24));
    const tested = new Set(held);
    assert.equal(train.length, 3 * (24 - held.length));
    assert.ok(train.every((row) => !tested.has(whole.plainRowOf?.[row] as number)));
  }
  const [report] = await classify(joined, options({ repeats: 1 }));
  assert.equal(report?.trainSize, 18);
});

test('rows of weight 0 have no influence on the fit', async () => {
  const data = await drawn();
  const broken = drawRows(80, 20, 4, 9, 3).data;
  const half = Int32Array.from({ length: 80 }, (_, i) => i).filter((i) => i % 8 < 4);
  const spoiled = Float32Array.from(data.features.data, (value, i) =>
    Math.floor(i / 20) % 8 < 4 ? value : (broken[i] as number),
  );
  const weighed = {
    ...data,
    features: { ...data.features, data: spoiled },
    sampleWeights: Float64Array.from({ length: 80 }, (_, i) => (i % 8 < 4 ? 1 : 0)),
  };
  const head = chooseHeads(['linear'], {})[0];
  const all = await head?.fit(
    trainingTable(
      weighed,
      Int32Array.from({ length: 80 }, (_, i) => i),
    ),
    { seed: 0, threads: 1 },
  );
  const without = await head?.fit(trainingTable(data, half), { seed: 0, threads: 1 });
  const [a, b] = [await all?.predictProba(data.features), await without?.predictProba(data.features)];
  a?.data.forEach((value, i) => {
    assert.ok(Math.abs(value - (b?.data[i] as number)) < 1e-3);
  });
});
