import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fixture } from '../extract/backbone/fixtures.ts';
import { drawFolder, drawImage } from '../extract/drawn-data.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { featuretap } from './command.ts';

describe('layouts of a data folder on the command line', () => {
  const root = temporaryFolder();

  const small = ['--weights', fixture('resnet-tiny.safetensors'), '--crop', '32', '--resize', '32'];
  // Without a search for a GPU and without threads: each takes longer to start than these small images to extract.
  const plain = ['--device', 'cpu', '--threads', '1'];
  const extract = (data: string, ...more: readonly string[]) =>
    featuretap(['extract', '--data', data, ...small, ...plain, ...more], { cwd: root });

  it('a given split is tested on val by default, on test with --test-on, and redrawn with --split draw', async () => {
    const data = join(root, 'split');
    for (let i = 0; i < 60; i++) {
      const part = i < 36 ? 'train' : i < 48 ? 'val' : 'test';
      await drawImage(join(data, part, `class-${i % 2}`, `${i}.png`), i);
    }
    const made = await extract(data, '--json');
    assert.equal(made.status, 0, made.stderr);
    assert.deepEqual(JSON.parse(made.stdout).reading, [
      'split = the folders train/ 36, val/ 12, test/ 12; class = the parent folder in them: 2 classes: class-0, class-1',
    ]);
    const classify = async (...more: readonly string[]) => {
      const ran = await featuretap(
        ['classify', '--model', 'ridge', '--features', 'cache/split', '--json', '--threads', '1', ...more],
        {
          cwd: root,
        },
      );
      assert.equal(ran.status, 0, ran.stderr);
      const [{ trainSize, testSize }] = JSON.parse(ran.stdout);
      return [trainSize, testSize, ran.stderr.match(/tested on \w+|drawn from train and val/)?.[0]];
    };
    assert.deepEqual(await classify(), [36, 12, 'tested on val']);
    assert.deepEqual(await classify('--test-on', 'test'), [36, 12, 'tested on test']);
    assert.deepEqual(await classify('--split', 'draw', '--test-size', '0.25'), [36, 12, 'drawn from train and val']);
  });

  it('classes of one image are listed in --json where they prevent a split', async () => {
    const data = join(root, 'rare');
    for (let i = 0; i < 70; i++) await drawImage(join(data, i < 10 ? 'common' : `rare-${i}`, `${i}.png`), i);
    assert.equal((await extract(data)).status, 0);
    const ran = await featuretap(['classify', '--model', 'knn', '--features', 'cache/rare', '--json'], { cwd: root });
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /60 of 61 classes have fewer than 2 images[\s\S]*and 10 more[\s\S]*--min-images 2/);
    assert.equal(JSON.parse(ran.stdout).smallClasses.length, 60);
  });

  it('rejects a single class before the network runs, and a table with several readings', async () => {
    await drawFolder(join(root, 'one'), 3, 1);
    const one = await extract('one');
    assert.equal(one.status, 1);
    assert.match(one.stderr, /only one class was found/);
    const data = join(root, 'table');
    for (const i of [0, 1, 2]) await drawImage(join(data, `${i}.png`), i);
    writeFileSync(join(data, 'x.csv'), 'id,breed,species\n0,a,p\n1,b,q\n2,a,q\n');
    const several = await extract('table');
    assert.equal(several.status, 2);
    assert.match(several.stderr, /--id-column id --label-column breed\n\s+--id-column id --label-column species/);
    const chosen = await extract('table', '--label-column', 'species');
    assert.equal(chosen.status, 0, chosen.stderr);
    assert.match(chosen.stdout, /^x\.csv: id = id, label = species$/m);
  });

  it('classify finds the columns of a table of labels, and --label-column chooses among them', async () => {
    await drawFolder(join(root, 'plain'), 12, 2);
    assert.equal((await extract('plain')).status, 0);
    const lines = Array.from(
      { length: 12 },
      (_, i) => `${i},class-${i % 2}/image-${String(i).padStart(3, '0')}.png,k${i % 2},s${i % 2 === 0 ? i % 3 : 9}`,
    );
    writeFileSync(join(root, 'own.csv'), `,image,breed,species\n${lines.join('\n')}\n`);
    const run = (...more: readonly string[]) =>
      featuretap(
        [
          'classify',
          '--model',
          'ridge',
          '--features',
          'cache/plain',
          '--labels',
          'own.csv',
          '--test-size',
          '4',
          ...more,
        ],
        { cwd: root },
      );
    const several = await run();
    assert.equal(several.status, 2, several.stderr);
    assert.match(several.stderr, /--id-column image --label-column breed/);
    const chosen = await run('--label-column', 'breed');
    assert.equal(chosen.status, 0, chosen.stderr);
    assert.match(chosen.stderr, /own\.csv: id = image, label = breed/);
  });
});
