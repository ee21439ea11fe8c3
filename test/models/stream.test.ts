import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { joinRows, type LabelledData, readIntoMemory } from '../../src/classify/data/labelled-data.ts';
import { testTable, trainingTable } from '../../src/classify/trial/trial.ts';
import type { FingerprintFields } from '../../src/features/manifest/manifest.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { probabilitiesOf } from '../../src/models/fitted-head.ts';
import { openEpochs, windowRows } from '../../src/models/linear/batches.ts';
import type { FitProgress, FittedHead } from '../../src/models/model.ts';
import { createHead, headKinds } from '../../src/models/registry.ts';
import { createArena } from '../../src/numerics/arena.ts';
import { randomState } from '../../src/numerics/mt19937.kernel.ts';
import { cachedStore } from '../../src/rows/cached-store.ts';
import { RowReader } from '../../src/rows/row-reader.ts';
import type { StoredRows } from '../../src/rows/row-source.ts';
import type { Table } from '../../src/rows/table.ts';
import { InterruptedError } from '../../src/system/errors.ts';
import { drawRows } from '../classify/drawn-set.ts';
import { makeFeatureSet } from '../features/make-feature-set.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const dims = 30;
const rowCount = 400;
const root = temporaryFolder();
before(async () => {
  await make('plain', {});
  await make('half', { dtype: 'float16' });
  await make('views', { views: { count: 1, seed: 0 } });
});

/** Rows in four shards, with labels in another order than the rows'. */
async function make(name: string, fields: Partial<FingerprintFields>): Promise<void> {
  const images = rowCount / (1 + (fields.views?.count ?? 0));
  const ids = Array.from({ length: images }, (_, i) => `i${i}`);
  const labels = ids.map((id, i) => [id, `kind ${i % 5}`] as const).toReversed();
  const matrix = drawRows(rowCount, dims, 5, 1, 1.4);
  await makeFeatureSet(join(root, name), { matrix, ids, labels, fields, rowsPerShard: 110 });
}

/** The set for a streamed fit: in blocks of 32 rows, with some bytes of it kept in memory. */
async function stored(name: string, cacheBytes = 0): Promise<LabelledData<StoredRows>> {
  const set = await openFeatureSet(join(root, name));
  const data = joinRows(set, { maxMissing: 0 });
  const reader = new RowReader(cachedStore(set.rowStore(), cacheBytes), 32);
  return { ...data, features: { ...data.features, reader } };
}

const train = Int32Array.from({ length: 150 }, (_, i) => (i * 7) % 200);
const held = Int32Array.from({ length: 50 }, (_, i) => ((150 + i) * 7) % 200);
const context = { seed: 5, threads: 1 };

async function fitStored(
  table: Table<StoredRows>,
  params: Readonly<Record<string, unknown>>,
  more: { readonly threads?: number; readonly onProgress?: (event: FitProgress) => void } = {},
): Promise<FittedHead> {
  return createHead('linear', params).fit(table, { ...context, arena: createArena(), ...more });
}

const cases: Readonly<Record<string, { readonly set?: string; readonly params?: Readonly<Record<string, unknown>> }>> =
  {
    'plain rows': {},
    'float16 rows': { set: 'half' },
    'views, which are trained on too': { set: 'views' },
    'scale standard': { params: { scale: 'standard' } },
    'scale minmax, of float16 rows': { set: 'half', params: { scale: 'minmax', C: 10 } },
    'scale l2 and balanced classes': { params: { scale: 'l2', classWeight: 'balanced', C: 100 } },
    'a temperature': { params: { calibrate: 'temperature', C: 5 } },
    'a temperature on scaled views': { set: 'views', params: { calibrate: 'temperature', scale: 'standard' } },
  };
for (const [name, { set = 'plain', params = {} }] of Object.entries(cases)) {
  test(`L-BFGS gives the same optimum with --stream as in memory: ${name}`, async () => {
    const data = await stored(set);
    const inMemory = await readIntoMemory(data);
    const fitted = await fitStored(trainingTable(data, train), params);
    const expected = await createHead('linear', params).fit(trainingTable(inMemory, train), context);
    assertClose([fitted.details['objective'] as number], [expected.details['objective'] as number], 1e-5);
    assert.equal(fitted.details['temperatureRows'], expected.details['temperatureRows']);
    assert.equal(fitted.details['probabilities'], expected.details['probabilities']);
    assert.deepEqual(fitted.params, expected.params);
    const test = testTable(inMemory, held).features;
    const found = await probabilitiesOf(fitted, testTable(data, held).features, {});
    assertClose(found, (await expected.predictProba(test)).data, 1e-3);
    assert.deepEqual(found, (await fitted.predictProba(test)).data);
    assert.deepEqual(await fitted.predict(test), await expected.predict(test));
  });
}

test('sample weights, a class without rows and two classes work with --stream as in memory', async () => {
  const data = await stored('plain');
  const table = trainingTable(data, train);
  const inMemory = trainingTable(await readIntoMemory(data), train);
  const changes = {
    weights: { sampleWeights: Float64Array.from(table.labels, (_, row) => (row % 4) / 2) },
    'no row of class 3': { labels: table.labels.map((label) => (label === 3 ? 1 : label)) },
    'two classes': { labels: table.labels.map((label) => label % 2), classes: ['a', 'b'] },
  };
  for (const [name, change] of Object.entries(changes)) {
    const fitted = await fitStored({ ...table, ...change }, {});
    const expected = await createHead('linear').fit({ ...inMemory, ...change }, context);
    const found = await probabilitiesOf(fitted, table.features, {});
    assertClose(found, (await expected.predictProba(inMemory.features)).data, 1e-3, name);
  }
});

test('Adam on a table that fits its window equals Adam in memory, to the bit', async () => {
  const data = await stored('plain');
  const params = { optimizer: 'adam', epochs: 3, batch: 16, scale: 'standard' };
  const seen: FitProgress[] = [];
  const fitted = await fitStored(trainingTable(data, train), params, { onProgress: (event) => seen.push(event) });
  const inMemory = await createHead('linear', params).fit(trainingTable(await readIntoMemory(data), train), context);
  // The mean is summed in another order: the scaling differs in its last digit.
  const [found, expected] = [fitted.save().arrays, inMemory.save().arrays];
  for (const array of ['weights', 'bias']) {
    assertClose(found[array]?.data as Float32Array, expected[array]?.data as Float32Array, 1e-6);
  }
  assert.equal(seen.at(-2)?.rowsRead, 3 * train.length);
  assert.equal(seen.at(-2)?.rowsToRead, 3 * train.length);
  const plain = { optimizer: 'adam', epochs: 2, batch: 16 };
  assert.deepEqual(
    (await fitStored(trainingTable(data, train), plain)).save(),
    (await createHead('linear', plain).fit(trainingTable(await readIntoMemory(data), train), context)).save(),
  );
});

for (const params of [{ C: 2 }, { optimizer: 'adam', epochs: 2, batch: 32 }]) {
  const { solver } = createHead('linear', params);
  test(`${solver}: the same bits with any amount kept in memory, and on any number of threads`, async () => {
    const heads = [];
    for (const [cacheBytes, threads] of [
      [0, 2],
      [0, 1],
      [1e9, 3],
    ] as const) {
      const table = trainingTable(await stored('plain', cacheBytes), train);
      heads.push((await fitStored(table, params, { threads })).save());
    }
    assert.deepEqual(heads[1], heads[0]);
    assert.deepEqual(heads[2], heads[0]);
  });

  test(`${solver}: an interrupt stops a fit on rows on disk`, async () => {
    const controller = new AbortController();
    const table = trainingTable(await stored('plain'), train);
    let events = 0;
    const fit = createHead('linear', params).fit(table, {
      ...context,
      arena: createArena(),
      signal: controller.signal,
      onProgress: () => {
        if (++events === 3) controller.abort();
      },
    });
    await assert.rejects(fit, InterruptedError);
    // The rows can be read again: no file is left open.
    assert.equal((await readIntoMemory(await stored('plain'))).features.rowCount, rowCount);
  });
}

test('a number that is not finite is rejected by a fit that reads the rows itself', async () => {
  const matrix = drawRows(40, 4, 2, 1);
  matrix.data[70] = Number.NaN;
  const ids = Array.from({ length: 40 }, (_, i) => `i${i}`);
  await makeFeatureSet(join(root, 'broken'), { matrix, ids, labels: ids.map((id, i) => [id, `k${i % 2}`]) });
  const data = joinRows(await openFeatureSet(join(root, 'broken')), { maxMissing: 0 });
  const table = trainingTable(data, Int32Array.from(data.labels.keys()));
  for (const params of [{}, { scale: 'standard' }]) {
    await assert.rejects(fitStored(table, params), /not a finite number[\s\S]*column 2/);
  }
  await assert.rejects(fitStored(table, { optimizer: 'adam' }), /diverged/);
});

test('an epoch from disk shows every row once, in windows of pages from different places', async () => {
  const wide = 8192;
  const count = 1200;
  const matrix = { rowCount: count, columnCount: wide, data: new Float32Array(count * wide) };
  for (let row = 0; row < count; row++) matrix.data[row * wide] = row;
  const ids = Array.from({ length: count }, (_, i) => `i${i}`);
  await makeFeatureSet(join(root, 'wide'), { matrix, ids, labels: ids.map((id) => [id, 'k']), rowsPerShard: 500 });
  const data = joinRows(await openFeatureSet(join(root, 'wide')), { maxMissing: 0 });
  const table = trainingTable(data, Int32Array.from(data.labels.keys()));
  assert.equal(windowRows(wide, 64), 512);
  const epochs = async (seed: number): Promise<number[][]> => {
    const start = openEpochs(table, 64, randomState(seed));
    const found: number[][] = [];
    for (let epoch = 0; epoch < 2; epoch++) {
      const rows: number[] = [];
      for await (const { features } of start()) {
        for (let row = 0; row < features.rowCount; row++) rows.push(features.data[row * wide] as number);
      }
      found.push(rows);
    }
    return found;
  };
  const [first = [], second = []] = await epochs(1);
  const everyRow = Array.from({ length: count }, (_, row) => row);
  for (const rows of [first, second])
    assert.deepEqual(
      rows.toSorted((a, b) => a - b),
      everyRow,
    );
  assert.notDeepEqual(first, second);
  assert.deepEqual(await epochs(1), [first, second]);
  // A batch of 64 rows of a window of 64 pages of 8 rows: nearly each row from another page.
  const pages = new Set(first.slice(0, 64).map((row) => Math.floor(row / 8)));
  assert.ok(pages.size > 35, `${pages.size} pages`);
});

test('heads that need all rows at once declare it, and load those on disk', async () => {
  const all = headKinds.flatMap(({ model, solvers }) => solvers.map((solver) => createHead(model, { solver })));
  const byBlocks = all.filter(({ rows }) => rows === 'blocks').map(({ model, solver }) => `${model} ${solver}`);
  assert.deepEqual(byBlocks, ['linear lbfgs', 'linear adam', 'finetune adamw', 'finetune sgd', 'zero-shot prompts']);
  const data = await stored('plain');
  for (const params of [{}, { scale: 'l2', calibrate: 'temperature' }]) {
    const head = createHead('knn', params);
    const fitted = await head.fit(trainingTable(data, train), context);
    const expected = await head.fit(trainingTable(await readIntoMemory(data), train), context);
    assert.deepEqual(fitted.save(), expected.save());
  }
});

function assertClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, name = ''): void {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < found.length; i++) {
    const [a, b] = [found[i] as number, expected[i] as number];
    assert.ok(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b)), `${name} ${a} against ${b} at ${i}`);
  }
}
