import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FittedHead } from '../../src/models/model.ts';
import { createHead, headKinds, loadHead } from '../../src/models/registry.ts';
import { readSavedHead, writeSavedHead } from '../../src/models/saved-head.ts';
import { takeRows } from '../../src/rows/row-source.ts';
import { type Table, takeTableRows } from '../../src/rows/table.ts';
import { InterruptedError, UserError } from '../../src/system/errors.ts';
import { drawRows } from '../classify/drawn-set.ts';
import { drawnTail } from './finetune/drawn-tail.ts';

/** Small enough for the slowest solvers. */
const quick: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'finetune adamw': { epochs: 6, lr: 0.01, batch: 16 },
  'finetune sgd': { epochs: 6, lr: 0.02, batch: 16 },
  'forest cart': { trees: 12 },
  'forest ml-random-forest': { trees: 6 },
  'linear adam': { epochs: 20, lr: 0.05, batch: 16 },
  'mlp adam': { epochs: 40, hidden: 16, lr: 0.02, batch: 16 },
};
/** Heads that depend on rows alone: the order of rows changes only rounding. */
const orderless = new Set(['linear lbfgs', 'svm smo', 'svm linearsvc', 'knn cosine', 'ridge closed-form']);
const asItIs = {};
const classes = ['a', 'b', 'c'];
const table: Table = {
  features: drawRows(66, 12, 3, 11, 0.8),
  labels: Int32Array.from({ length: 66 }, (_, row) => row % 3),
  classes,
};
const probe = drawRows(20, 12, 3, 12);
/** For the head that fine-tunes a network: it reads the rows as maps of 3 channels. */
const networkTail = async () => drawnTail([3, 2, 2]);
/** One thread: more take longer to start than these heads to fit. */
const context = { seed: 3, threads: 1, networkTail };

/** Zero-shot does not train on rows; test/models/zero-shot has the tests that apply to it. */
const learning = headKinds.filter(({ model }) => model !== 'zero-shot');
const heads = learning.flatMap((kind) => kind.solvers.map((solver) => ({ kind, solver })));
for (const { kind, solver } of heads) {
  const name = `${kind.model} by ${solver}`;
  const make = (more: Readonly<Record<string, unknown>> = {}) =>
    createHead(kind.model, { solver, ...quick[`${kind.model} ${solver}`], ...more });
  /** The head of most tests is fitted once, on a copy of the table. */
  const copy = { ...table, features: { ...table.features, data: table.features.data.slice() } };
  let made: Promise<FittedHead> | undefined;
  const fit = (): Promise<FittedHead> => {
    made ??= make().fit(copy, context);
    return made;
  };

  test(`${name}: probabilities cover every class and sum to 1; predictions are class numbers`, async () => {
    const fitted = await fit();
    assert.deepEqual([fitted.model, fitted.solver, fitted.dims], [kind.model, solver, 12]);
    assert.deepEqual(fitted.classes, classes);
    await assertProbabilities(fitted);
    const correct = (await fitted.predict(table.features)).filter((label, row) => label === table.labels[row]).length;
    assert.ok(correct > 40, `${correct} of 66 training rows`);
    assert.equal(typeof fitted.details['probabilities'], 'string');
  });

  test(`${name}: the same rows and seed give the same head, on any number of threads`, async () => {
    const [one, other] = [await fit(), await make().fit(table, { ...context, threads: 2 })];
    assert.deepEqual(one.save(), other.save());
    assert.deepEqual(await one.predictProba(probe), await other.predictProba(probe));
  });

  test(`${name}: a saved and loaded head predicts the same`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'featuretap-head-'));
    try {
      for (const more of [asItIs, { scale: 'standard' }, { calibrate: 'temperature', scale: 'l2' }]) {
        // A temperature needs a fit for each of five folds, or of two where a class has two rows.
        const rows =
          'calibrate' in more ? takeTableRows(table, Int32Array.from(table.labels.keys()).subarray(0, 6)) : table;
        const fitted = more === asItIs ? await fit() : await make(more).fit(rows, context);
        await writeSavedHead(folder, fitted.save());
        const loaded = loadHead(await readSavedHead(folder));
        assert.deepEqual(await loaded.predictProba(probe), await fitted.predictProba(probe));
        assert.deepEqual(await loaded.predict(probe), await fitted.predict(probe));
        assert.deepEqual(loaded.params, fitted.params);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test(`${name}: a class without training rows has the probability 0`, async () => {
    const rows = Int32Array.from({ length: 66 }, (_, row) => row).filter((row) => row % 3 !== 1);
    const fitted = await make().fit(takeTableRows(table, rows), context);
    const { data } = await assertProbabilities(fitted);
    for (let row = 0; row < probe.rowCount; row++) assert.equal(data[row * 3 + 1], 0);
    assert.ok(!(await fitted.predict(probe)).includes(1));
  });

  test(`${name}: fits or rejects unusual tables, never with a raw error or a NaN`, async () => {
    const constant = { ...table, features: { ...table.features, data: new Float32Array(66 * 12).fill(2) } };
    const odd: Readonly<Record<string, Table>> = {
      'one class': takeTableRows(table, Int32Array.of(0, 3, 6, 9)),
      'one row of each class': takeTableRows(table, Int32Array.of(0, 1, 2)),
      'one row': takeTableRows(table, Int32Array.of(0)),
      'constant features': constant,
      'duplicated rows': takeTableRows(
        table,
        Int32Array.from({ length: 60 }, (_, i) => i % 6),
      ),
      imbalanced: takeTableRows(table, Int32Array.of(0, 3, 6, 9, 12, 15, 18, 21, 24, 1, 2)),
    };
    for (const [what, rows] of Object.entries(odd)) {
      const fitted = await make()
        .fit(rows, context)
        .catch((error: unknown) => {
          assert.ok(error instanceof UserError, `${what}: ${error}`);
          return undefined;
        });
      if (fitted !== undefined) await assertProbabilities(fitted, what);
    }
  });

  test(`${name}: NaN, wrong columns and labels that do not match are rejected by name`, async () => {
    const spoiled = Float32Array.from(table.features.data);
    spoiled[5 * 12 + 7] = Number.NaN;
    const nan = { ...table, features: { ...table.features, data: spoiled } };
    await assert.rejects(make().fit(nan, context), /row 5, column 7[\s\S]*NaN/);
    await assert.rejects(make().fit({ ...table, labels: table.labels.subarray(1) }, context), /65 labels[\s\S]*66/);
    const fitted = await fit();
    await assert.rejects(fitted.predictProba(drawRows(3, 11, 3, 1)), /11 columns[\s\S]*12/);
  });

  test(`${name}: does not change the table, and rejects an unknown solver`, async () => {
    const fitted = await fit();
    assert.deepEqual(copy, table);
    assert.throws(
      () => createHead(kind.model, { solver: 'none such' }),
      (error) => error instanceof UserError && error.exitCode === 2,
    );
    assert.throws(() => loadHead({ ...fitted.save(), solver: 'none such' }), UserError);
    const { arrays, ...rest } = fitted.save();
    const [first = '', ...others] = Object.keys(arrays);
    const fewer = Object.fromEntries(others.map((key) => [key, arrays[key]!]));
    assert.throws(() => loadHead({ ...rest, arrays: fewer }), new RegExp(`array ${first}`));
  });

  test(`${name}: predicts a row alone as in a batch, and nothing for no rows`, async () => {
    const fitted = await fit();
    const together = (await fitted.predictProba(probe)).data;
    for (const row of [0, 13]) {
      const alone = (await fitted.predictProba(takeRows(probe, [row]))).data;
      alone.forEach((share, c) => {
        assert.ok(Math.abs(share - together[row * 3 + c]!) < 1e-5, `row ${row}, class ${c}`);
      });
    }
    const none = { rowCount: 0, columnCount: 12, data: new Float32Array(0) };
    assert.equal((await fitted.predict(none)).length, 0);
    assert.equal((await fitted.predictProba(none)).data.length, 0);
  });

  if (orderless.has(`${kind.model} ${solver}`)) {
    test(`${name}: does not depend on the order of the rows`, async () => {
      const shuffled = takeTableRows(
        table,
        Int32Array.from({ length: 66 }, (_, i) => (i * 25) % 66),
      );
      const [one, other] = [await fit(), await make().fit(shuffled, context)];
      assert.deepEqual(await other.predict(probe), await one.predict(probe));
      // The SVM's calibration draws its folds by row number, so its probabilities differ slightly.
      if (kind.model === 'svm') return;
      const expected = (await one.predictProba(probe)).data;
      (await other.predictProba(probe)).data.forEach((share, i) => {
        assert.ok(Math.abs(share - expected[i]!) < 2e-3, `probability ${i}: ${share}, not ${expected[i]}`);
      });
    });
  }

  test(`${name}: stops when interrupted`, async () => {
    const controller = new AbortController();
    controller.abort();
    await assert.rejects(make().fit(table, { ...context, signal: controller.signal }), InterruptedError);
  });
}

async function assertProbabilities(fitted: FittedHead, what = 'rows') {
  const probabilities = await fitted.predictProba(probe);
  assert.deepEqual([probabilities.rowCount, probabilities.columnCount], [20, 3], what);
  for (let row = 0; row < 20; row++) {
    const own = probabilities.data.subarray(row * 3, row * 3 + 3);
    assert.ok(
      own.every((p) => p >= 0 && p <= 1 + 1e-6),
      `${what}: ${own}`,
    );
    assert.ok(Math.abs(own.reduce((sum, p) => sum + p, 0) - 1) < 1e-5, `${what}: ${own}`);
  }
  const found = await fitted.predict(probe);
  assert.ok(
    found.every((label) => Number.isInteger(label) && label >= 0 && label < 3),
    what,
  );
  return probabilities;
}
