import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chooseHeads } from '../../src/classify/choose-heads.ts';
import { type ClassifyOptions, classify } from '../../src/classify/classify.ts';
import { loadHead } from '../../src/classify/heads/index.ts';
import { joinLabels, type LabelledData } from '../../src/classify/labelled-data.ts';
import { readLabels } from '../../src/classify/labels-file.ts';
import { headFile, readSavedHead } from '../../src/classify/saved-head.ts';
import { InterruptedError } from '../../src/errors.ts';
import type { Outcome } from '../../src/features/outcomes.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { parsePredictions } from '../../src/report/predictions.ts';
import { readReport } from '../../src/report/read-report.ts';
import { makeDrawnSet } from './drawn-set.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'featuretap-classify-'));
  await makeDrawnSet(join(root, 'drawn'), { rows: 80 });
});
after(() => rm(root, { recursive: true }));

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

test('writes a report that can be read back, with every test row of every repeat among the predictions', async () => {
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

test('the saved head predicts what the report says of the first repeat', async () => {
  const data = await drawn();
  const [report] = await classify(data, options({ repeats: 1 }));
  assert.ok(report);
  const head = loadHead(await readSavedHead(report.report));
  const found = await head.predict(data.features);
  const rows = report.perRepeat[0]?.test ?? [];
  const correct = rows.filter((row) => found[row] === data.labels[row]).length;
  assert.equal(correct / rows.length, report.accuracy);
});

test('the same seed makes the same files whatever the number of threads, but for the seconds and the date', async () => {
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

test('another parameter, seed or test size makes another folder; the same ones the same', async () => {
  const data = await drawn();
  const folderOf = async (change: Partial<ClassifyOptions>): Promise<string> =>
    (await classify(data, options({ repeats: 1, ...change })))[0]?.report ?? '';
  const folders = [
    await folderOf({}),
    await folderOf({ heads: chooseHeads(['linear'], { C: 2 }) }),
    await folderOf({ seed: 1 }),
    await folderOf({ testSize: 20 }),
  ];
  // 20 of 80 rows are the same split as a quarter.
  assert.equal(folders[3], folders[0]);
  assert.equal(new Set(folders).size, 3);
});

test('stops between heads and splits when interrupted, saying how to go on', async () => {
  const controller = new AbortController();
  controller.abort();
  await assert.rejects(
    classify(await drawn(), options({ signal: controller.signal })),
    (error) => error instanceof InterruptedError && error.resume === 'featuretap classify --model linear',
  );
});

const lost = (count: number): Outcome[] =>
  Array.from({ length: count }, (_, i) => ({ id: `lost-${i}`, path: '', outcome: 'unreadable', reason: 'truncated' }));

test('refuses a set of which too many inputs have no row, and names the share that would let it pass', async () => {
  const folder = join(root, 'lossy');
  await makeDrawnSet(folder, { rows: 40, outcomes: lost(2) });
  const set = await openFeatureSet(folder);
  await assert.rejects(
    joinLabels(set, { maxMissing: 0.01 }),
    /2 of 42 inputs gave no row[\s\S]*2 unreadable[\s\S]*at most 1 %[\s\S]*--max-missing 0\.048/,
  );
  assert.deepEqual((await joinLabels(set, { maxMissing: 0.048 })).featureSet.missing, { unreadable: 2 });
});

test('files that were missing at extraction, which it was told to go on without, are counted and not refused', async () => {
  const folder = join(root, 'allowed');
  const outcomes = lost(30).map((outcome) => ({ ...outcome, outcome: 'missing' as const }));
  await makeDrawnSet(folder, { rows: 40, outcomes });
  const data = await joinLabels(await openFeatureSet(folder), { maxMissing: 0.01 });
  assert.deepEqual(data.featureSet.missing, { missing: 30 });
});

test('says in the report that random weights mean nothing, and that images without a label were left out', async () => {
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
    /mean nothing about pretrained features\n10 images have a row and no label/,
  );
});

test('refuses a set without labels, and takes a labels file in their place', async () => {
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

test('a labels file that is empty, lacks a label or gives an id two of them is refused, naming the line', async () => {
  const file = join(root, 'bad.csv');
  for (const [text, message] of [
    ['', /line 1/],
    ['id\n1\n', /line 1[\s\S]*at least two columns/],
    ['id,label\n', /no line after the header/],
    ['id,label\n1,\n', /line 2[\s\S]*an id and a label/],
    ['id,label\n1,a\n1,b\n', /line 3[\s\S]*1 is a and b/],
  ] as const) {
    await writeFile(file, text);
    await assert.rejects(readLabels(file), message);
  }
  await assert.rejects(readLabels(join(root, 'nowhere.csv')), /cannot be read/);
});

test('a parameter or solver that no chosen head reads is wrong usage, naming the heads that do', () => {
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

test('a saved head that was cut short or is not there is refused', async () => {
  const [report] = await classify(await drawn(), options({ repeats: 1, out: join(root, 'damaged') }));
  const folder = report?.report ?? '';
  const whole = await readFile(join(folder, headFile));
  await writeFile(join(folder, headFile), whole.subarray(0, whole.length - 4));
  await assert.rejects(readSavedHead(folder), /not a whole safetensors file/);
  await writeFile(join(folder, headFile), whole.toString('latin1').replace('version 1', 'version 9'), 'latin1');
  await assert.rejects(readSavedHead(folder), /format that is not known[\s\S]*version 9/);
  await assert.rejects(readSavedHead(root), /no saved head here/);
});
