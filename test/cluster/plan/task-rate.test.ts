import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { measureRate, rateForTask, rateOfLastRun } from '../../../src/cluster/plan/task-rate.ts';
import { keepSpeed, type MeasuredSpeed } from '../../../src/extract/explain/speed.ts';
import { listImages } from '../../../src/extract/images/list/list.ts';
import { choosePreprocessing } from '../../../src/extract/preprocessing.ts';
import type { FingerprintFields } from '../../../src/features/manifest/manifest.ts';
import { UserError } from '../../../src/system/errors.ts';
import { CountingNetwork, drawFolder } from '../../extract/drawn-data.ts';
import { quickFiles } from '../../features/run/faulty-files.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

describe('the rate of a task', () => {
  const root = temporaryFolder();

  const fields: FingerprintFields = {
    architecture: 'resnet50',
    weightsSha256: '0'.repeat(64),
    tap: 'avgpool',
    pool: 'mean',
    preprocessing: choosePreprocessing({}, undefined),
    dtype: 'float32',
    precision: 'float32',
  };
  const onTwoCores: MeasuredSpeed = { device: 'cpu', cores: 2, images: 500, seconds: 10 };
  const onGpu: MeasuredSpeed = { device: 'cuda', cores: 16, images: 5000, seconds: 10 };
  const cpuTask = { cpus: 4, gpus: 0 };
  const gpuTask = { cpus: 8, gpus: 1 };

  async function keep(set: string, speed: MeasuredSpeed, of: FingerprintFields = fields): Promise<string> {
    const folder = join(root, set);
    await mkdir(join(folder, '.run'), { recursive: true });
    await keepSpeed(quickFiles, folder, of, speed);
    return folder;
  }

  it('grows with the cores of a task, and the message says so', () => {
    assert.deepEqual(rateForTask(onTwoCores, cpuTask, 'measured'), {
      rate: 100,
      source: 'measured on 2 cores, times 4/2',
    });
    assert.deepEqual(rateForTask(onTwoCores, { cpus: 2, gpus: 0 }, 'measured'), {
      rate: 50,
      source: 'measured on 2 cores',
    });
  });

  it('is that of a GPU where one was measured, else a lower bound', () => {
    assert.deepEqual(rateForTask(onGpu, gpuTask, 'measured'), { rate: 500, source: 'measured on a GPU (CUDA)' });
    assert.deepEqual(rateForTask(onTwoCores, gpuTask, 'measured'), {
      rate: 50,
      source: 'measured on 2 cores without a GPU: one is faster',
    });
  });

  it('comes from the last run of the set, or of another one in the cache with the same recipe', async () => {
    const set = join(root, 'cache-1/new');
    assert.equal(await rateOfLastRun(quickFiles, set, fields, cpuTask), undefined);
    await keep('cache-1/other-crop', onTwoCores, {
      ...fields,
      preprocessing: choosePreprocessing({ crop: 448 }, undefined),
    });
    await keep('cache-1/with-views', onTwoCores, { ...fields, views: { count: 3, seed: 0 } });
    await keep('cache-1/int8', onTwoCores, { ...fields, precision: 'int8' });
    await keep('cache-1/short', { ...onTwoCores, images: 19 });
    assert.equal(await rateOfLastRun(quickFiles, set, fields, cpuTask), undefined);
    await keep('cache-1/alike', onTwoCores);
    assert.equal((await rateOfLastRun(quickFiles, set, fields, cpuTask))?.rate, 100);
    await keep('cache-1/new', { ...onTwoCores, seconds: 5 });
    assert.equal((await rateOfLastRun(quickFiles, set, fields, cpuTask))?.rate, 200);
  });

  it('of a task without a GPU never comes from a run with one', async () => {
    const set = await keep('cache-2/set', onGpu);
    assert.equal(await rateOfLastRun(quickFiles, set, fields, cpuTask), undefined);
    assert.equal((await rateOfLastRun(quickFiles, set, fields, gpuTask))?.rate, 500);
  });

  it('is measured on a few images, spread over the folder', async () => {
    const data = join(root, 'many');
    await drawFolder(data, 90);
    const { images } = await listImages(data);
    const network = new CountingNetwork();
    const asked = { network, preprocessing: choosePreprocessing({ resize: 10, crop: 8 }, undefined), tap: 'avgpool' };
    const { rate, source } = await measureRate({ ...asked, images, precision: 'float32', batch: 8, task: cpuTask });
    assert.ok(rate > 0);
    assert.match(source, /^measured on 64 of the images on \d+ cores/);
    assert.equal(network.imageCount, 64);
    assert.ok(network.batches.every((count) => count <= 8));
  });

  it('cannot be measured on images that cannot be read', async () => {
    const data = join(root, 'broken');
    await mkdir(data);
    await writeFile(join(data, 'a.png'), 'no picture');
    const { images } = await listImages(data);
    const preprocessing = choosePreprocessing({ resize: 10, crop: 8 }, undefined);
    const network = new CountingNetwork();
    const asked = { images, network, preprocessing, tap: 'avgpool', precision: 'float32' as const, batch: 8 };
    await assert.rejects(measureRate({ ...asked, task: cpuTask }), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /speed cannot be measured[\s\S]*a\.png[\s\S]*--rate/);
      return true;
    });
  });
});
