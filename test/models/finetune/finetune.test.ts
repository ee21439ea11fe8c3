import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseHeads } from '../../../src/classify/choose-heads.ts';
import { joinRows } from '../../../src/classify/data/labelled-data.ts';
import { checkStreamed } from '../../../src/classify/trial/prepare-trials.ts';
import { openFeatureSet } from '../../../src/features/reader.ts';
import { GraphBuilder } from '../../../src/formats/onnx/graph-builder.ts';
import { foldedTensors } from '../../../src/models/finetune/network/fold.ts';
import { graphTensors } from '../../../src/models/finetune/network/layout.ts';
import { addTrainingStep } from '../../../src/models/finetune/network/step-graph.ts';
import { invariantThreads } from '../../../src/models/finetune/network/threads.ts';
import { pooledFeatures } from '../../../src/models/finetune/pooled-features.ts';
import { frozenBlocks } from '../../../src/models/finetune/trained-blocks.ts';
import { planEpoch, rateShare } from '../../../src/models/finetune/training-rows.ts';
import type { Checkpoints, FitContext, Json } from '../../../src/models/model.ts';
import { createHead } from '../../../src/models/registry.ts';
import { loadTable, type Table } from '../../../src/rows/table.ts';
import { InterruptedError, UserError } from '../../../src/system/errors.ts';
import { drawRows } from '../../classify/drawn-set.ts';
import { makeFeatureSet } from '../../features/make-feature-set.ts';
import { drawnTail } from './drawn-tail.ts';

const tail = drawnTail([3, 4, 3]);
const context: FitContext = { seed: 1, threads: 2, networkTail: async () => tail };
const labels = Int32Array.from({ length: 90 }, (_, row) => row % 3);
const table: Table = { features: drawRows(90, 36, 3, 8, 1.5), labels, classes: ['a', 'b', 'c'] };
const probe = drawRows(30, 36, 3, 8, 1.5);

interface Epoch {
  readonly trainLoss?: number;
  readonly heldLoss?: number;
}
const epochsOf = (details: Readonly<Record<string, Json>>): readonly Epoch[] => details['epochs'] as unknown as Epoch[];

test('starts as the linear head on the features of the original network', async () => {
  const head = createHead('finetune', { epochs: 1, lr: 1e-12, validation: 0, C: 3 });
  const found = await (await head.fit(table, context)).predictProba(probe);
  const folded = foldedTensors(tail, graphTensors(tail.blocks, tail.tensors));
  const pooled = async (maps: typeof probe) => pooledFeatures(tail, folded, maps, { threads: 1 });
  const linear = await createHead('linear', { C: 3 }).fit(
    { ...table, features: await pooled(table.features) },
    context,
  );
  const expected = await linear.predictProba(await pooled(probe));
  found.data.forEach((share, i) => {
    assert.ok(Math.abs(share - expected.data[i]!) < 1e-5, `${share}, not ${expected.data[i]}`);
  });
});

for (const params of [{}, { optimizer: 'adamw' }, { batchNorm: 'train', lastLayer: 'fresh' }]) {
  test(`lowers the training loss: ${JSON.stringify(params)}`, async () => {
    const head = createHead('finetune', { epochs: 8, lr: 0.03, validation: 0, batch: 16, ...params });
    const fitted = await head.fit(table, context);
    const losses = epochsOf(fitted.details).map(({ trainLoss = Number.NaN }) => trainLoss);
    assert.equal(losses.length, 8);
    assert.ok(losses.at(-1)! < 0.9 * losses[0]!, `${losses}`);
  });
}

test('trains the blocks from the given one on, and leaves earlier ones unchanged', async () => {
  const fitted = await createHead('finetune', { from: 'layer4.1', epochs: 2, lr: 0.1, validation: 0 }).fit(
    table,
    context,
  );
  const { arrays } = fitted.save();
  for (const [name, { data }] of tail.tensors) {
    const same = arrays[name]!.data.every((value, i) => value === data[i]);
    assert.equal(same, name.startsWith('layer4.0') || name.includes('running'), name);
  }
  assert.deepEqual(fitted.details['trainedBlocks'], ['layer4.1']);
});

test('a batch norm in training mode updates its statistics', async () => {
  const params = { epochs: 1, validation: 0, batchNorm: 'train' };
  const { arrays } = (await createHead('finetune', params).fit(table, context)).save();
  for (const part of ['running_mean', 'running_var']) {
    assert.notDeepEqual(arrays[`layer4.1.bn2.${part}`]!.data, tail.tensors.get(`layer4.1.bn2.${part}`)!.data);
  }
});

test('keeps the epoch with the lowest validation loss, and stops early after several without a lower one', async () => {
  const params = { epochs: 40, lr: 0.5, backboneLr: 0.2, patience: 3, validation: 0.3, warmup: 0 };
  const fitted = await createHead('finetune', params).fit(table, context);
  const losses = epochsOf(fitted.details).map(({ heldLoss = Number.NaN }) => heldLoss);
  const best = fitted.details['bestEpoch'] as number;
  assert.equal(losses[best], Math.min(...losses));
  assert.equal(losses.length - 1 - best, 3);
  assert.equal(fitted.iterations, losses.length - 1);
});

test('keeps the start where no epoch lowered the validation loss, and reports this', async () => {
  const params = { epochs: 2, lr: 5, backboneLr: 1e-9, validation: 0.3, warmup: 0, patience: 1 };
  const fitted = await createHead('finetune', params).fit(table, context);
  assert.match(fitted.warnings.join(), /no epoch improved the validation loss/);
  assert.equal(fitted.details['bestEpoch'], 0);
});

/** Checkpoints in memory. */
function memoryCheckpoints(): Checkpoints & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  return { kept, read: async (key) => kept.get(key), write: async (key, bytes) => void kept.set(key, bytes.slice()) };
}

for (const params of [{ optimizer: 'adamw' }, { batchNorm: 'train' }, { lastLayer: 'fresh', validation: 0 }]) {
  test(`continues from its checkpoint to the same bytes: ${JSON.stringify(params)}`, async () => {
    const head = createHead('finetune', { epochs: 5, lr: 0.02, batch: 16, ...params });
    const undisturbed = (await head.fit(table, context)).save();
    const checkpoints = memoryCheckpoints();
    for (const stopAfter of [1, 3]) {
      const controller = new AbortController();
      const onProgress: FitContext['onProgress'] = ({ message, done }) => {
        if (message !== undefined && done === stopAfter) controller.abort();
      };
      const stopped = head.fit(table, { ...context, checkpoints, onProgress, signal: controller.signal });
      await assert.rejects(stopped, InterruptedError);
      assert.equal(checkpoints.kept.size, 1);
    }
    const epochs: number[] = [];
    const onProgress: FitContext['onProgress'] = ({ message, done }) => {
      if (message !== undefined) epochs.push(done);
    };
    const resumed = (await head.fit(table, { ...context, checkpoints, onProgress })).save();
    assert.deepEqual(epochs, [4, 5]);
    assert.deepEqual(resumed, undisturbed);
  });
}

test('a checkpoint is used only for the same rows, seed and parameters, and not when damaged', async () => {
  const checkpoints = memoryCheckpoints();
  const params = { epochs: 1, batch: 32 };
  await createHead('finetune', params).fit(table, { ...context, checkpoints });
  await createHead('finetune', { ...params, lr: 0.01 }).fit(table, { ...context, checkpoints });
  await createHead('finetune', params).fit(table, { ...context, seed: 2, checkpoints });
  await createHead('finetune', params).fit({ ...table, labels: labels.toReversed() }, { ...context, checkpoints });
  assert.equal(checkpoints.kept.size, 4);
  for (const key of checkpoints.kept.keys()) checkpoints.kept.set(key, new Uint8Array(20));
  const again = await createHead('finetune', params).fit(table, { ...context, checkpoints });
  assert.deepEqual(again.save(), (await createHead('finetune', params).fit(table, context)).save());
});

test('rows on disk give the same head as in memory, to the bit', async () => {
  const root = await mkdtemp(join(tmpdir(), 'featuretap-finetune-'));
  try {
    const ids = Array.from(labels, (_, row) => `i${row}`);
    const named = ids.map((id, row) => [id, table.classes[row % 3]!] as const);
    await makeFeatureSet(join(root, 'maps'), { matrix: table.features, ids, labels: named, rowsPerShard: 25 });
    const { features } = joinRows(await openFeatureSet(join(root, 'maps')), { maxMissing: 0 });
    const head = createHead('finetune', { epochs: 2, batch: 16 });
    const fitted = await head.fit({ ...table, features }, context);
    assert.deepEqual(fitted.save(), (await head.fit(await loadTable({ ...table, features }), context)).save());
  } finally {
    await rm(root, { recursive: true });
  }
});

test('rejects rows without a network, maps of another size, and missing blocks', async () => {
  const head = createHead('finetune', { epochs: 1 });
  await assert.rejects(head.fit(table, { seed: 0, threads: 1 }), /needs the network[\s\S]*--tap layer3 --pool none/);
  const other = { ...context, networkTail: async () => drawnTail([3, 4, 4]) };
  await assert.rejects(head.fit(table, other), /36 numbers[\s\S]*3 x 4 x 4/);
  const nowhere = createHead('finetune', { from: 'layer4.2' });
  await assert.rejects(nowhere.fit(table, context), (error) => error instanceof UserError && error.exitCode === 2);
  assert.equal(frozenBlocks(tail, 'tap'), 0);
  assert.equal(frozenBlocks(tail, 'layer3'), 0);
  assert.equal(frozenBlocks({ ...tail, tap: 'layer3.5' }, 'layer3'), 0);
  assert.equal(frozenBlocks(tail, 'layer4.0'), 0);
  assert.equal(frozenBlocks(tail, 'layer4.1'), 1);
  for (const from of ['layer1', 'layer2', 'layer3.5']) assert.throws(() => frozenBlocks(tail, from), UserError);
});

test('is rejected together with a head that needs its rows in memory, and is not part of all', () => {
  const beside = () => checkStreamed([createHead('finetune'), createHead('svm')]);
  assert.throws(beside, /finetune beside svm[\s\S]*by itself/);
  checkStreamed([createHead('finetune'), createHead('linear')]);
  assert.ok(!chooseHeads(['all'], {}).some(({ model }) => model === 'finetune'));
  const named = chooseHeads(['all', 'finetune'], {}).map(({ model }) => model);
  assert.equal(named.at(-1), 'finetune');
});

test('rejects parameters without effect', () => {
  assert.throws(
    () => createHead('finetune', { validation: 0, patience: 3 }),
    /patience[\s\S]*no patience without held-out/,
  );
  assert.throws(() => createHead('finetune', { lastLayer: 'fresh', C: 3 }), /C[\s\S]*no C with a fresh last layer/);
  assert.throws(() => createHead('finetune', { optimizer: 'adamw', momentum: 0.5 }), /momentum/);
});

test('the learning rate has a linear warm-up, then decays to 0 by a half cosine', () => {
  const shares = Array.from({ length: 6 }, (_, step) => rateShare({ steps: 6, warmupSteps: 2 }, step));
  assert.deepEqual(shares.slice(0, 3), [0.5, 1, 1]);
  assert.ok(Math.abs(shares[4]! - 0.5) < 1e-12);
  assert.ok(shares[5]! > 0 && shares[5]! < shares[4]!);
});

test('divides rows into batches whose sizes differ by at most one', () => {
  assert.deepEqual(planEpoch(90, 32), { steps: 3, batch: 30 });
  assert.deepEqual(planEpoch(5, 32), { steps: 1, batch: 5 });
  assert.deepEqual(planEpoch(65, 32), { steps: 3, batch: 22 });
});

test("Winograd's products give the same bytes on one and two threads, and for a row alone or in a batch", async () => {
  const wide = drawnTail([64, 8, 8], 5, 128);
  const graph = new GraphBuilder('step');
  addTrainingStep(graph, wide, { classes: 3, batch: 8, threads: 2, batchNorm: 'frozen', frozenBlocks: 0 });
  // Four convolutions: the forward pass, the gradients of all kernels, and those of all inputs but the first.
  assert.equal(graph.graph().node.filter(({ opType }) => opType === 'FusedMatMul').length, 11);
  const rows = drawRows(16, 64 * 8 * 8, 3, 8, 1.5);
  const folded = foldedTensors(wide, graphTensors(wide.blocks, wide.tensors));
  const together = await pooledFeatures(wide, folded, rows, { threads: 2 });
  const one = { rowCount: 1, columnCount: rows.columnCount, data: rows.data.slice(-rows.columnCount) };
  const alone = await pooledFeatures(wide, folded, one, { threads: 1 });
  assert.deepEqual(alone.data, together.data.slice(-128));
  const few: Table = { features: rows, labels: labels.slice(0, 16), classes: ['a', 'b', 'c'] };
  const head = createHead('finetune', { epochs: 1, batch: 8, validation: 0 });
  const [byOne, byTwo] = [1, 2].map((threads) =>
    head.fit(few, { seed: 1, threads, networkTail: async () => wide }).then((fitted) => fitted.save()),
  );
  assert.deepEqual(await byTwo, await byOne);
});

test('uses only as many threads as keep the order of every sum', () => {
  const products = (rows: number, columns: number) => [{ rows, columns }];
  assert.equal(invariantThreads(products(1568, 512), [32], 16), 16);
  assert.equal(invariantThreads(products(49, 512), [1], 16), 6);
  assert.equal(invariantThreads(products(20, 100), [1], 4), 1);
  assert.equal(invariantThreads([{ rows: { perImage: 49 }, columns: 512 }], [1, 32], 16), 6);
});

test('the validation set gives the conformal scores without a second fit, unless it is too small', async () => {
  const params = { epochs: 1, batch: 30, calibrate: 'temperature' };
  const enough = await createHead('finetune', { ...params, validation: 0.3 }).fit(table, context);
  assert.equal(enough.heldOut?.rowsAre, 'held-out');
  assert.equal(enough.heldOut.scores.length, Number(enough.details['temperatureRows']));
  assert.ok(enough.heldOut.scores.every((score) => score >= 0 && score < 1));
  const few = await createHead('finetune', { ...params, validation: 0.1 }).fit(table, context);
  assert.equal(few.heldOut, undefined);
});
