import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import type { Explanation } from '../../../src/extract/explain/explain.ts';
import { explainExtract } from '../../../src/extract/explain/explain-extract.ts';
import { extract } from '../../../src/extract/extract.ts';
import { InterruptedError } from '../../../src/system/errors.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { CountingNetwork, drawFolder, drawImage, drawnRun, imagePath, type RunChanges } from '../drawn-data.ts';

describe('explainExtract', () => {
  const root = temporaryFolder();
  let drawn = 0;
  let data = '';
  beforeEach(async () => {
    data = join(root, `data-${drawn++}`);
    await drawFolder(data, 8);
  });

  async function run(extra: RunChanges = {}): Promise<CountingNetwork> {
    const network = new CountingNetwork();
    await extract(drawnRun(data, network, extra));
    return network;
  }

  /** Explains, and checks that no file changes. */
  async function explain(extra: RunChanges = {}): Promise<Explanation> {
    const network = new CountingNetwork();
    const before = await contentsOf(`${data}-cache`);
    const explanation = await explainExtract(drawnRun(data, network, extra));
    assert.deepEqual(await contentsOf(`${data}-cache`), before);
    assert.equal(network.imageCount, 0);
    return explanation;
  }

  const maker = 'its rows are from onnx 0 on cpu: another one must give the same canary first';
  const refusal = 'the run would stop: --name OTHER keeps both, --replace recomputes it';

  it('describes a first run, with the number of copies', async () => {
    await copyFile(join(data, imagePath(0)), join(data, 'class-2/twin.png'));
    const { reasons, toCompute, kept, copies, bytes, seconds } = await explain();
    assert.deepEqual(reasons, [
      'there is no feature set of this name yet',
      '8 new files',
      '1 copy of another input, sharing its row',
    ]);
    assert.deepEqual([toCompute, kept, copies, bytes, seconds], [8, 0, 1, 8 * 16, undefined]);
    assert.equal((await run()).imageCount, toCompute, 'as explained');
    const again = await explain();
    assert.deepEqual([again.toCompute, again.kept, again.copies], [0, 8, 1]);
    assert.deepEqual(again.reasons, ['1 copy of another input, sharing its row', 'nothing to compute']);
    // Read again, a copy still does not count as a moved file.
    assert.deepEqual((await explain({ rehash: true })).reasons, again.reasons);
  });

  it('distinguishes new, changed, renamed, moved and deleted files', async () => {
    await run();
    assert.deepEqual((await explain()).reasons, ['nothing to compute']);
    await drawImage(join(data, 'class-0/added.png'), 100);
    await drawImage(join(data, imagePath(2)), 200);
    await rename(join(data, imagePath(3)), join(data, 'class-0/renamed.png'));
    await rename(join(data, imagePath(4)), join(data, 'class-2/moved.png'));
    await rm(join(data, imagePath(5)));
    const { reasons, toCompute, kept, bytes } = await explain();
    assert.deepEqual(reasons, [
      '1 new file',
      '1 changed file',
      '2 renamed, moved or copied files whose bytes have a row',
      // The bytes of the deleted file, and the old bytes of the changed one.
      '2 images without a file any more: their rows leave the index',
      maker,
    ]);
    assert.deepEqual([toCompute, kept, bytes], [2, 6, 2 * 16]);
    assert.equal((await run()).imageCount, toCompute, 'as explained');
  });

  it('names each part of the recipe that changed, and that the run would be rejected', async () => {
    await run();
    const other = new CountingNetwork('other weights');
    const own = new CountingNetwork().weightsSha256.slice(0, 8);
    const changes: readonly (readonly [string, RunChanges])[] = [
      ['preprocessing changed: resize 10 -> 9', { preprocessing: { resize: 9, crop: 8 } }],
      [`weights changed: sha256 ${own} -> ${other.weightsSha256.slice(0, 8)}`, { network: async () => other }],
      ['precision changed: float32 -> int8', { precision: 'int8' }],
      ['views changed: none -> {count:2,seed:0}', { views: { count: 2, seed: 0 } }],
      ['dtype changed: float32 -> float16', { dtype: 'float16' }],
      ['pool changed: mean -> max', { pool: 'max' }],
      ['tap changed: avgpool -> layer4', { tap: 'layer4' }],
    ];
    for (const [change, extra] of changes) {
      const { reasons, refuses, toCompute, kept } = await explain(extra);
      assert.deepEqual(reasons, [change, refusal, '8 images to compute again']);
      assert.deepEqual([refuses, toCompute, kept], [true, 8, 0]);
    }
    const views = { views: { count: 2, seed: 0 }, dtype: 'float16' as const, replace: true };
    await drawImage(join(data, 'class-0/added.png'), 100);
    const { reasons, refuses, bytes } = await explain(views);
    assert.deepEqual(reasons.slice(2), ['8 images to compute again', '1 new file']);
    assert.deepEqual([refuses, bytes], [false, 9 * 3 * 8]);
  });

  it('says that another engine or device must pass the canary', async () => {
    await run();
    await drawImage(join(data, 'class-0/added.png'), 100);
    const first = 'its canary must be within 1e-3 of that of the rows, or the run stops';
    assert.deepEqual((await explain()).reasons, ['1 new file', maker]);
    assert.equal((await explain({ engine: 'tensorflow' })).reasons[1], `engine changed: onnx -> tensorflow: ${first}`);
    assert.equal((await explain({ device: 'cuda' })).reasons[1], `device changed: cpu -> cuda: ${first}`);
  });

  it('estimates the time from the speed of the last run on the same device', async () => {
    await drawFolder(data, 25);
    await run({ device: 'cpu' });
    for (let i = 0; i < 5; i++) await drawImage(join(data, `class-0/added-${i}.png`), 100 + i);
    const { seconds, speed } = await explain();
    assert.equal(speed?.images, 25);
    assert.equal(seconds, (5 * speed.seconds) / 25);
    assert.equal((await explain({ device: 'cpu' })).seconds, seconds);
    assert.equal((await explain({ device: 'webgpu' })).seconds, undefined);
  });

  it('counts the rows of a stopped run, and files that could not be read', async () => {
    await writeFile(join(data, 'class-2/zz-broken.png'), 'no image');
    const controller = new AbortController();
    const network = new CountingNetwork();
    network.beforeRun = (count) => {
      if (count === 1) controller.abort(new InterruptedError());
    };
    await assert.rejects(extract(drawnRun(data, network, { signal: controller.signal, skipUnreadable: true })));
    const stopped = await explain();
    assert.deepEqual(stopped.reasons.slice(0, 2), ['8 rows from the interrupted run', '1 new file']);
    assert.equal((await run({ skipUnreadable: true })).imageCount, 0);
    const { reasons, toCompute } = await explain();
    assert.deepEqual(reasons, ['1 file that could not be read, to be tried again', 'nothing to compute']);
    assert.equal(toCompute, 0);
  });

  it('downloads no weights: their name suffices', async () => {
    await run();
    const network = async (): Promise<never> => assert.fail('downloaded');
    const home = process.env['FEATURETAP_CACHE_HOME'];
    process.env['FEATURETAP_CACHE_HOME'] = join(root, 'no weights');
    try {
      const { reasons, bytes } = await explain({ weights: 'resnet50', network, name: 'other' });
      assert.deepEqual(reasons.slice(1), ['8 new files', 'resnet50-0676ba61.pth would be downloaded first']);
      assert.equal(bytes, undefined);
      const changed = await explain({ weights: 'resnet50', network });
      assert.match(changed.reasons[1] ?? '', /^weights changed: sha256 [0-9a-f]{8} -> 0676ba61$/);
    } finally {
      if (home === undefined) delete process.env['FEATURETAP_CACHE_HOME'];
      else process.env['FEATURETAP_CACHE_HOME'] = home;
    }
  });
});

async function contentsOf(cache: string): Promise<Record<string, string>> {
  const names = await readdir(cache, { recursive: true, withFileTypes: true }).catch(() => []);
  const contents: Record<string, string> = {};
  for (const entry of names.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    contents[path] = (await readFile(path)).toString('base64');
  }
  return contents;
}
