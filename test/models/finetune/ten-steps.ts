import type { DeviceName } from '../../../src/features/manifest/manifest.ts';
import { openTrainer } from '../../../src/models/finetune/trainer.ts';
import { rateShare, smoothTargets } from '../../../src/models/finetune/training-rows.ts';
import { classCount, golden, relativeError } from './golden.ts';

/** As in scripts/fixtures/models/finetune.py. */
const [rows, batch, steps] = [40, 8, 10];
const [lr, backboneLr, weightDecay, momentum, smoothing, warmupSteps] = [0.02, 0.004, 0.05, 0.9, 0.1, 3];

export interface StepsAsked {
  readonly kind: 'bottleneck' | 'basic';
  readonly batchNorm: 'frozen' | 'train';
  readonly optimizer: 'sgd' | 'adamw';
  readonly device: DeviceName;
}

/** Relative errors of ten steps against torch.optim's: of the losses, and of every final tensor. */
export async function errorsOfTenSteps(asked: StepsAsked): Promise<Map<string, number>> {
  const { tail, array, labels, state } = golden(asked.kind);
  const tensors = state('start');
  const options = { classes: classCount, batch, frozenBlocks: 0, momentum, weightDecay, threads: 2 };
  const trainer = await openTrainer(tail, tensors, { ...options, ...asked });
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
  const prefix = `${asked.batchNorm} ${asked.optimizer}`;
  const errors = new Map([['losses', relativeError(Float32Array.from(losses), array(`${prefix} losses`))]]);
  const expected = state(`${prefix} end`);
  if (expected.size !== tensors.size) throw new RangeError(`${tensors.size} tensors, not ${expected.size}`);
  for (const [name, end] of expected) {
    const found = tensors.get(name);
    if (found === undefined) throw new RangeError(`no tensor ${name}`);
    errors.set(name, relativeError(found, end));
  }
  return errors;
}
