import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { nativeFolder } from '../../../src/extract/backbone/devices/devices.ts';
import { cudaLibrary } from '../../../src/extract/backbone/devices/explain.ts';
import { errorsOfTenSteps } from './ten-steps.ts';

for (const kind of ['bottleneck', 'basic'] as const) {
  for (const batchNorm of ['frozen', 'train'] as const) {
    for (const optimizer of ['sgd', 'adamw'] as const) {
      test(`${kind} blocks, batch norm ${batchNorm}: ten steps of ${optimizer} equal torch.optim's`, async () => {
        const errors = await errorsOfTenSteps({ kind, batchNorm, optimizer, device: 'cpu' });
        for (const [name, error] of errors) assert.ok(error < 1e-4, `${name}: off by ${error}`);
      });
    }
  }
}

const cuda = existsSync(join(nativeFolder(), cudaLibrary));

test('a missing device is an error, and never replaced by the CPU', {
  skip: cuda && 'skipped: CUDA is installed',
}, async () => {
  const asked = { kind: 'basic', batchNorm: 'frozen', optimizer: 'sgd', device: 'cuda' } as const;
  await assert.rejects(errorsOfTenSteps(asked), /cannot run on cuda[\s\S]*--device cpu/);
});
