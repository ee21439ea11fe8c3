import assert from 'node:assert/strict';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { chooseHeads } from '../../../src/classify/choose-heads.ts';
import { type ClassifyEvent, type ClassifyOptions, classify } from '../../../src/classify/classify.ts';
import { openExternalFeatures } from '../../../src/classify/data/external-features.ts';
import { joinRows, type LabelledData, readIntoMemory } from '../../../src/classify/data/labelled-data.ts';
import { type Prediction, parsePredictions } from '../../../src/classify/result/predictions.ts';
import type { Report } from '../../../src/classify/result/report.ts';
import { openFeatureSet } from '../../../src/features/reader.ts';
import { encodeNpy } from '../../../src/formats/npy/npy.ts';
import type { FittedHead, Head } from '../../../src/models/model.ts';
import { loadHead } from '../../../src/models/registry.ts';
import { readSavedHead } from '../../../src/models/saved-head.ts';
import { readReport } from '../../../src/report/read-report.ts';
import { isStored, loadRows, type StoredRows } from '../../../src/rows/row-source.ts';
import { InterruptedError } from '../../../src/system/errors.ts';
import { makeFeatureSet } from '../../features/make-feature-set.ts';
import { projectRoot } from '../../reference.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { drawRows } from '../drawn-set.ts';

const root = temporaryFolder();
before(async () => {
  const ids = Array.from({ length: 300 }, (_, row) => `img-${row}`);
  const labels = ids.map((id, row) => [id, `kind-${row % 5}`] as const).toReversed();
  const matrix = drawRows(300, 40, 5, 1, 1.2);
  await makeFeatureSet(join(root, 'drawn'), { matrix, ids, labels, rowsPerShard: 130, fields: { dtype: 'float16' } });
});

async function drawn(): Promise<LabelledData<StoredRows>> {
  return joinRows(await openFeatureSet(join(root, 'drawn')), { maxMissing: 0 });
}

function options(change: Partial<ClassifyOptions> = {}): ClassifyOptions {
  return {
    heads: chooseHeads(['linear'], { C: 3, calibrate: 'none' }),
    testSize: 0.25,
    seed: 0,
    repeats: 2,
    threads: 1,
    out: join(root, 'reports'),
    command: 'featuretap classify --model linear --stream',
    ...change,
  };
}

async function run(change: Partial<ClassifyOptions>): Promise<{ report: Report; predictions: Prediction[] }> {
  const [report] = await classify(await drawn(), options(change));
  assert.ok(report);
  const file = join(report.report, 'predictions.csv');
  return { report, predictions: parsePredictions(await readFile(file, 'utf8'), file) };
}

for (const [name, change] of Object.entries({
  'L-BFGS': {},
  'a scaled and calibrated head': { heads: chooseHeads(['linear'], { calibrate: 'temperature', scale: 'standard' }) },
  Adam: { heads: chooseHeads(['linear'], { optimizer: 'adam', epochs: 5, lr: 0.01, calibrate: 'none' }) },
  'a learning curve': { learningCurve: true, repeats: 1 },
  'a part of the training rows': { subsample: 100 },
} satisfies Record<string, Partial<ClassifyOptions>>)) {
  test(`--stream gives the results of memory up to rounding: ${name}`, async () => {
    const streamed = await run({ ...change, stream: true });
    const inMemory = await run(change);
    assert.notEqual(streamed.report.report, inMemory.report.report);
    assert.deepEqual(await readReport(join(streamed.report.report, 'report.json')), streamed.report);
    // Copies are searched only in memory.
    assert.deepEqual([streamed.report.copies, inMemory.report.copies === undefined], [undefined, false]);
    const timeless = ({ report: { copies: _, ...report } }: { report: Report }): unknown =>
      JSON.parse(
        JSON.stringify({ ...report, params: { ...report.params, stream: true } }, (key, value: unknown) => {
          if (
            ['fitSeconds', 'predictSeconds', 'createdAt', 'report', 'iterations', 'evaluations', 'stoppedBy'].includes(
              key,
            )
          )
            return 0;
          if (['headSha256', 'predictionsSha256'].includes(key)) return 'of numbers that are rounded otherwise';
          return typeof value === 'number' && !Number.isInteger(value) ? Math.round(value * 500) / 500 : value;
        }).replaceAll(/"largestGradient":[^,]+/g, '"largestGradient":0'),
      );
    assert.deepEqual(timeless(streamed), timeless(inMemory));
    assert.equal(streamed.predictions.length, inMemory.predictions.length);
    streamed.predictions.forEach((found, i) => {
      const expected = inMemory.predictions[i] as Prediction;
      assert.deepEqual([found.id, found.predictedClass], [expected.id, expected.predictedClass]);
      assert.ok(Math.abs(found.trueProbability - expected.trueProbability) < 1e-3);
    });
  });
}

test('the saved head of a streamed run gives the predictions in its report', async () => {
  const { report } = await run({ stream: true, repeats: 1, heads: chooseHeads(['linear'], { scale: 'minmax' }) });
  const head = loadHead(await readSavedHead(report.report));
  const data = await readIntoMemory(await drawn());
  const found = await head.predict(data.features);
  const rows = report.perRepeat[0]?.test ?? [];
  assert.equal(rows.filter((row) => found[row] === data.labels[row]).length / rows.length, report.accuracy);
  assert.equal(report.params['stream'], true);
});

test('prints how memory is divided before it reads, and that every row was checked', async () => {
  const events: ClassifyEvent[] = [];
  await classify(await drawn(), options({ stream: true, memory: 64e6, onEvent: (event) => events.push(event) }));
  const planned = events.find((event) => event.kind === 'stream');
  assert.equal(planned?.memory, 64e6);
  assert.equal(planned?.plan.keptRows, 300);
  assert.deepEqual(
    events.slice(0, 3).map(({ kind }) => kind),
    ['split', 'stream', 'check'],
  );
  const checks = events.filter((event) => event.kind === 'check');
  assert.deepEqual(checks.at(-1), { kind: 'check', done: 300, total: 300 });
  const fits = events.filter((event) => event.kind === 'progress').map(({ progress }) => progress);
  assert.ok(
    fits.some(({ loss, gradient, rowsRead }) => (loss ?? 0) > 0 && (gradient ?? 0) > 0 && (rowsRead ?? 0) > 225),
  );
});

test('a memory limit that is too low is rejected with one that suffices', async () => {
  const attempt = async (memory: number): Promise<unknown> =>
    classify(await drawn(), options({ stream: true, memory })).catch((error: unknown) => error);
  const refusal = await attempt(10e6);
  assert.match(String(refusal), /too small to train with --stream[\s\S]*--memory 10\.0MB[\s\S]*working room/);
  const enough = Number(/--memory (\d+)MB or more/.exec(String(refusal))?.[1]);
  assert.ok(Array.isArray(await attempt(enough * 1e6)));
  assert.match(String(await attempt((enough - 1) * 1e6)), /too small/);
});

test('heads that need all rows in memory, sweeps and matrices in memory are rejected with an alternative', async () => {
  const refused = async (change: Partial<ClassifyOptions>, data?: LabelledData): Promise<string> =>
    String(await classify(data ?? (await drawn()), options({ stream: true, ...change })).catch((error) => error));
  assert.match(await refused({ heads: chooseHeads(['svm'], {}) }), /--stream[\s\S]*svm by smo[\s\S]*--model linear/);
  const swept = chooseHeads(['linear'], {}, { grid: { C: [1, 2] }, cv: 3, oneStandardError: false });
  assert.match(await refused({ heads: swept }), /--sweep[\s\S]*--subsample/);
  assert.match(await refused({}, await readIntoMemory(await drawn())), /cannot be streamed[\s\S]*ascontiguousarray/);
});

test('a head that needs too much memory is rejected before a row is read', async () => {
  const data = await drawn();
  const unreadable = { ...data, features: { ...data.features, reader: undefined as never } };
  await assert.rejects(
    classify(unreadable, options({ memory: 20_000 })),
    /the linear head does not fit[\s\S]*--model linear --stream/,
  );
});

test('with --subsample the report names the training rows, and the test rows stay the same', async () => {
  const [whole, part, again, other] = [
    await run({}),
    await run({ subsample: 0.2 }),
    await run({ subsample: 45, stream: true }),
    await run({ subsample: 0.2, seed: 1 }),
  ].map(({ report }) => report) as [Report, Report, Report, Report];
  assert.deepEqual(part.subsample, { rows: 45, of: 225 });
  assert.equal(part.trainSize, 45);
  assert.equal(whole.subsample, undefined);
  part.perRepeat.forEach(({ train, test: tested }, repeat) => {
    assert.deepEqual(tested, whole.perRepeat[repeat]?.test);
    assert.deepEqual(train, again.perRepeat[repeat]?.train);
    const rows = new Set(whole.perRepeat[repeat]?.train);
    assert.ok(train.every((row) => rows.has(row)));
  });
  assert.notDeepEqual(part.perRepeat[0]?.train, other.perRepeat[0]?.train);
  assert.notEqual(part.splitHash, whole.splitHash);
});

test('streams a NumPy matrix from its file, in float16, float32 and float64', async () => {
  const matrix = drawRows(120, 30, 3, 2, 1);
  const labels = join(root, 'y.csv');
  await writeFile(labels, `label\n${Array.from({ length: 120 }, (_, row) => `k${row % 3}`).join('\n')}\n`);
  const found: number[] = [];
  for (const [name, bytes] of [
    ['f4', encodeNpy(matrix.data, [120, 30], 'float32')],
    ['f2', encodeNpy(matrix.data, [120, 30], 'float16')],
    ['f8', float64Npy(matrix.data, 120, 30)],
  ] as const) {
    const file = join(root, `x-${name}.npy`);
    await writeFile(file, bytes);
    const data = await openExternalFeatures(file, labels, {});
    const heads = chooseHeads(['linear'], { C: 0.1, calibrate: 'none' });
    const [streamed] = await classify(data, options({ stream: true, heads }));
    const [inMemory] = await classify(data, options({ heads }));
    assert.ok(Math.abs((streamed?.logLoss ?? 0) - (inMemory?.logLoss ?? 1)) < 1e-4);
    assert.equal(streamed?.accuracy, inMemory?.accuracy);
    found.push(streamed?.logLoss ?? 0);
  }
  assert.ok(Math.abs((found[0] as number) - (found[2] as number)) < 1e-9);
  const fortran = join(projectRoot, 'test/fixtures/classify/npy/x-float64-fortran.npy');
  const fewLabels = join(root, 'five.csv');
  await writeFile(fewLabels, 'label\na\na\nb\nb\nb\n');
  const external = await openExternalFeatures(fortran, fewLabels, {});
  await assert.rejects(
    classify(external, options({ stream: true, testSize: 2 })),
    /Fortran order[\s\S]*ascontiguousarray/,
  );
});

test('rejects a file that changes between two passes', async () => {
  const file = join(root, 'changing.npy');
  const labels = join(root, 'changing.csv');
  await writeFile(labels, `label\n${Array.from({ length: 60 }, (_, row) => `k${row % 2}`).join('\n')}\n`);
  await writeFile(file, encodeNpy(drawRows(60, 8, 2, 1).data, [60, 8], 'float32'));
  const { features } = await openExternalFeatures(file, labels, {});
  assert.ok(isStored(features));
  await loadRows(features);
  await loadRows(features);
  await utimes(file, 1, 1);
  await assert.rejects(loadRows(features), /changed while it was being read[\s\S]*run the command again/);
});

test('a feature that is not finite is reported with its image before any fit', async () => {
  const matrix = drawRows(40, 4, 2, 1);
  matrix.data[4 * 7 + 2] = Number.POSITIVE_INFINITY;
  const ids = Array.from({ length: 40 }, (_, i) => `i${i}`);
  await makeFeatureSet(join(root, 'broken'), { matrix, ids, labels: ids.map((id, i) => [id, `k${i % 2}`]) });
  const data = joinRows(await openFeatureSet(join(root, 'broken')), { maxMissing: 0 });
  for (const stream of [true, false]) {
    await assert.rejects(classify(data, options({ stream })), /not a finite number[\s\S]*broken, i7, column 2/);
  }
});

test('Ctrl-C stops during the check of the rows, and the message tells how to continue', async () => {
  const controller = new AbortController();
  controller.abort();
  await assert.rejects(
    classify(await drawn(), options({ stream: true, signal: controller.signal })),
    (error) => error instanceof InterruptedError && error.resume === 'featuretap classify --model linear --stream',
  );
});

/** Writes float64 like numpy.save, in C order. */
function float64Npy(data: Float32Array, rows: number, columns: number): Uint8Array {
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const header = `${text.padEnd(117)}\n`;
  const start = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header}`, 'latin1');
  return Buffer.concat([start, Buffer.from(Float64Array.from(data).buffer)]);
}

test('test rows on disk are predicted once for the scores and the prediction sets', async () => {
  const [linear] = chooseHeads(['linear'], { calibrate: 'temperature' });
  assert.ok(linear);
  let predictedRows = 0;
  const counting: Head = {
    ...linear,
    fit: async (train, context) => {
      const fitted = await linear.fit(train, context);
      const predictBoth: FittedHead['predictBoth'] = async (features, asked) => {
        if (asked?.uncalibrated !== true) predictedRows += features.rowCount;
        return fitted.predictBoth(features, asked);
      };
      return { ...fitted, predictBoth };
    },
  };
  const { report } = await run({ heads: [counting], repeats: 1, stream: true });
  assert.ok(report.conformal);
  assert.equal(predictedRows, report.testSize);
});
