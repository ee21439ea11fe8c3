import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { namedFeatureSet } from '../../src/classify/choose-features.ts';
import type { UserError } from '../../src/system/errors.ts';

let cache: string;
before(async () => {
  cache = await mkdtemp(join(tmpdir(), 'featuretap-choose-features-'));
  for (const [at, name] of ['old', 'new'].entries()) {
    await mkdir(join(cache, name));
    await writeFile(join(cache, name, 'manifest.json'), '{}');
    await utimes(join(cache, name, 'manifest.json'), 1000 + at, 1000 + at);
  }
});
after(() => rm(cache, { recursive: true, force: true }));

const refused = async (name: string, found: string, instead: string, expected: string): Promise<void> =>
  assert.rejects(namedFeatureSet(name, cache), ({ parts }: UserError) => {
    assert.deepEqual([parts.found, parts.instead, parts.expected], [found, instead, expected]);
    return true;
  });

test('a feature set is taken by its folder, or by its name in the cache', async () => {
  const folder = join(cache, 'old');
  assert.deepEqual([await namedFeatureSet(folder, cache), await namedFeatureSet('old', cache)], [folder, folder]);
});

test('the folder of all sets is answered with the newest of them, a manifest with its folder', async () => {
  const [oldest, newest] = [join(cache, 'old'), join(cache, 'new')];
  await refused(cache, cache, newest, `${newest} | ${oldest}`);
  const manifest = join(oldest, 'manifest.json');
  await refused(manifest, manifest, oldest, oldest);
});

test('a folder of matrices is left to those who read them', async () => {
  const folder = join(cache, 'matrices');
  await mkdir(folder);
  await writeFile(join(folder, 'part-0.npy'), '');
  assert.equal(await namedFeatureSet(folder, cache), folder);
  assert.equal(await namedFeatureSet(join(folder, 'part-0.npy'), cache), join(folder, 'part-0.npy'));
});
