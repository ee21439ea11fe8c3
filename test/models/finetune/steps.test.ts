import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rateShare } from '../../../src/models/finetune/schedule.ts';
import { smoothTargets } from '../../../src/models/finetune/targets.ts';
import { openTrainer } from '../../../src/models/finetune/trainer.ts';
import { classCount, golden, relativeError } from './golden.ts';

/** As scripts/fixtures/finetune.py has them. */
const [rows, batch, steps] = [40, 8, 10];
const [lr, backboneLr, weightDecay, momentum, smoothing, warmupSteps] = [0.02, 0.004, 0.05, 0.9, 0.1, 3];

for (const kind of ['bottleneck', 'basic'] as const) {
  for (const batchNorm of ['frozen', 'train'] as const) {
    for (const optimizer of ['sgd', 'adamw'] as const) {
      test(`${kind} blocks, batch norm ${batchNorm}: ten steps of ${optimizer} end where torch.optim's do`, async () => {
        const { tail, array, labels, state } = golden(kind);
        const tensors = state('start');
        const options = { classes: classCount, batch, batchNorm, frozenBlocks: 0, optimizer, momentum, weightDecay };
        const trainer = await openTrainer(tail, tensors, { ...options, threads: 2 });
        const losses: number[] = [];
        try {
          const dims = array('maps').length / rows;
          for (let step = 0; step < steps; step++) {
            const start = (step * batch) % rows;
            const own = labels.subarray(start, start + batch);
            const targets = smoothTargets(own, array('weights').subarray(start, start + batch), classCount, smoothing);
            const maps = array('maps').slice(start * dims, (start + batch) * dims);
            const share = rateShare({ steps, warmupSteps }, step);
            const rates = { head: share * lr, blocks: share * backboneLr };
            losses.push(await trainer.step({ maps, targets, rowCount: batch }, step + 1, rates));
          }
        } finally {
          await trainer.close();
        }
        const prefix = `${batchNorm} ${optimizer}`;
        assert.ok(relativeError(Float32Array.from(losses), array(`${prefix} losses`)) < 1e-4, `${losses}`);
        const expected = state(`${prefix} end`);
        assert.deepEqual([...tensors.keys()].sort(), [...expected.keys()].sort());
        for (const [name, end] of expected) {
          const error = relativeError(tensors.get(name)!, end);
          assert.ok(error < 1e-4, `${name}: off by ${error}`);
        }
      });
    }
  }
}
