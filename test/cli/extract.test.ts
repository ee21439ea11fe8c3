import assert from 'node:assert/strict';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { drawPhotos } from '../../scripts/torture/draw-photos.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Ran, featuretap as run, stopFeaturetap } from './command.ts';

describe('featuretap extract and verify', () => {
  const root = temporaryFolder();
  let data = '';
  const imageCount = 40;
  /** Every tenth photo has the bytes of the one before it. */
  const copyCount = 4;

  before(async () => {
    data = join(root, 'photos');
    await drawPhotos(data, imageCount);
  });

  const featuretap = (args: readonly string[]): Promise<Ran> => run(args, { cwd: root });

  const size = ['--resize', '40', '--crop', '32'];
  const tiny = ['--weights', 'random:resnet-tiny', ...size, '--device', 'cpu', '--threads', '1'];

  it('extracts, keeps all rows on a rerun, verifies, and repairs damaged rows', async () => {
    const asked = ['extract', '--data', data, '--name', 'set', ...tiny];
    const first = await featuretap([...asked, '--json']);
    assert.equal(first.status, 0, first.stderr);
    const { newImages, keptImages, counts, rowShape, randomWeights } = JSON.parse(first.stdout);
    assert.deepEqual([newImages, keptImages, rowShape, randomWeights], [imageCount - copyCount, 0, [256], true]);
    const { total, ...others } = counts;
    assert.equal(total, imageCount);
    assert.equal(
      Object.values(others).reduce((sum: number, count) => sum + (count as number), 0),
      total,
    );
    assert.match(first.stderr, /random weights: accuracies say nothing/);
    const second = await featuretap(asked);
    assert.match(second.stdout, /0 new, 36 kept; 4 duplicate; 40 inputs/);
    assert.match(second.stdout, /^nothing to compute: the network did not run$/m);
    assert.match(second.stdout, /next: .*classify.* cache.set/);
    const folder = join(root, 'cache', 'set');
    const whole = await featuretap(['verify', '--features', folder]);
    assert.equal(whole.status, 0);
    assert.match(whole.stdout, /whole \(36 rows/);
    const shard = join(folder, 'features-00000.npy');
    const bytes = await readFile(shard);
    const damaged = Buffer.from(bytes);
    damaged[damaged.length - 1]! ^= 1;
    await writeFile(shard, damaged);
    const found = await featuretap(['verify', '--features', folder]);
    assert.equal(found.status, 1);
    assert.match(found.stdout, /features-00000\.npy, row 35: a shard is damaged/);
    const repaired = await featuretap(['verify', '--features', folder, '--repair']);
    assert.equal(repaired.status, 0, repaired.stderr);
    assert.match(repaired.stdout, /images recomputed: 1; moved to outcomes.csv: 0/);
    assert.deepEqual(await readFile(shard), bytes);
  });

  it('Ctrl-C exits with 130 and prints how to continue, and the final bytes are the same', async () => {
    const asked = ['extract', '--data', data, ...tiny, '--batch', '2', '--checkpoint', '0'];
    const undisturbed = await featuretap([...asked, '--name', 'undisturbed']);
    assert.equal(undisturbed.status, 0, undisturbed.stderr);
    let asking = false;
    const stopped = await stopFeaturetap([...asked, '--name', 'stopped'], root, (text, stop) => {
      // The line about the device is printed when the network opens, before the first batches.
      if (asking || !/random weights/.test(text)) return;
      asking = true;
      setTimeout(stop, 300);
    });
    // A fast machine may have finished by now; then there is nothing to continue.
    if (stopped.status !== 0) {
      assert.equal(stopped.status, 130, stopped.stderr);
      // A step that exceeds the time limit of an orderly stop is killed, and the last line says so.
      const said = /interrupted\n {2}go on: .*extract (?:-- )?--data|stopped: run the same command again\n$/;
      assert.match(stopped.stderr, said);
    }
    const finished = await featuretap([...asked, '--name', 'stopped']);
    assert.equal(finished.status, 0, finished.stderr);
    for (const file of (await readdir(join(root, 'cache/undisturbed'))).filter((name) => name !== '.run')) {
      const expected = await readFile(join(root, 'cache/undisturbed', file));
      assert.deepEqual(await readFile(join(root, 'cache/stopped', file)), expected, file);
    }
  });

  it('wrong usage exits with 2, other failures with 1, with one message each', async () => {
    const there = ['--data', data];
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [[...there, '--batch', 'many'], 2, /--batch is not usable\n {2}found: {4}many/],
      [[...there, '--name', '../elsewhere'], 2, /--name is not usable/],
      [['--data', join(root, 'nowhere')], 1, /nowhere/],
    ];
    for (const [args, code, message] of cases) {
      const ended = await featuretap(['extract', ...args, ...tiny]);
      assert.equal(ended.status, code, `${args.join(' ')}: ${ended.stderr}`);
      assert.match(ended.stderr, message);
      assert.equal(ended.stdout, '');
      assert.doesNotMatch(ended.stderr, /\n\s+at /, 'no stack');
    }
  });

  it('stops before reading weights where files of labels.csv are missing, or records them', async () => {
    const kaggle = join(root, 'kaggle');
    await cp(join(data, 'class-0'), join(kaggle, 'train'), { recursive: true });
    const ids = (await readdir(join(kaggle, 'train'))).map((name) => name.replace('.jpg', ''));
    const lines = [...ids, 'gone-1', 'gone-2'].map((id, i) => `${id},breed-${i % 2}`);
    await writeFile(join(kaggle, 'labels.csv'), `id,breed\n${lines.join('\n')}\n`);
    const refused = await featuretap(['extract', '--data', kaggle, '--weights', 'no-such-file.pth']);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /2 missing: gone-1, gone-2[\s\S]*--allow-missing/);
    const allowed = await featuretap(['extract', '--data', kaggle, ...tiny, '--allow-missing', '--json']);
    assert.equal(allowed.status, 0, allowed.stderr);
    const { counts } = JSON.parse(allowed.stdout);
    assert.equal(counts.missing, 2);
    assert.equal(counts.total, ids.length + 2);
    const outcomes = await readFile(join(root, 'cache/kaggle/outcomes.csv'), 'utf8');
    assert.match(outcomes, /^gone-1,,missing,,/m);
  });
});
