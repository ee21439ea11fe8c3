import assert from 'node:assert/strict';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { chosenFeatureSet } from '../../src/classify/choose-features.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import type { UserError } from '../../src/system/errors.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const cache = temporaryFolder();
before(async () => {
  for (const [at, name] of ['old', 'new'].entries()) {
    await mkdir(join(cache, name));
    await writeFile(join(cache, name, 'manifest.json'), '{}');
    await utimes(join(cache, name, 'manifest.json'), 1000 + at, 1000 + at);
  }
});

const chosen = (name?: string, notes: string[] = []): Promise<string> =>
  chosenFeatureSet(name, cache, (note) => notes.push(note));

const refused = async (name: string, found: string, instead: string, expected: string): Promise<void> =>
  assert.rejects(chosen(name), ({ parts }: UserError) => {
    assert.deepEqual([parts.found, parts.instead, parts.expected], [found, instead, expected]);
    return true;
  });

test('a feature set is chosen by its folder, or by its name in the cache', async () => {
  const folder = join(cache, 'old');
  assert.deepEqual([await chosen(folder), await chosen('old')], [folder, folder]);
});

test('for the folder of all sets the error suggests the newest set, for a manifest its folder', async () => {
  const [oldest, newest] = [join(cache, 'old'), join(cache, 'new')];
  await refused(cache, cache, newest, `${newest} | ${oldest}`);
  const manifest = join(oldest, 'manifest.json');
  await refused(manifest, manifest, oldest, oldest);
});

test('without --features the newest set is used, except sets that suggest extracted', async () => {
  const unlabelled = join(cache, 'test-unlabelled');
  await mkdir(unlabelled);
  await writeFile(join(unlabelled, 'manifest.json'), '{}');
  const notes: string[] = [];
  assert.equal(await chosen(undefined, notes), join(cache, 'new'));
  assert.deepEqual(notes, [`features: ${join(cache, 'new')}, the newest of 3 (--features names another)`]);
  await rm(unlabelled, { recursive: true });
});

test('for a folder without a set the error lists the sets, or tells how to finish a stopped run', async () => {
  const [oldest, newest] = [join(cache, 'old'), join(cache, 'new')];
  const other = join(cache, 'photos');
  await mkdir(other);
  await refused(other, other, newest, `${newest} | ${oldest}`);
  await mkdir(join(other, '.run'));
  assert.equal(await chosen(other), other);
  await assert.rejects(
    openFeatureSet(other),
    /not finished yet[\s\S]*run the same featuretap extract again; or, if it stopped/,
  );
});

test('a folder of matrices is not treated as a feature set', async () => {
  const folder = join(cache, 'matrices');
  await mkdir(folder);
  await writeFile(join(folder, 'part-0.npy'), '');
  assert.equal(await chosen(folder), folder);
  assert.equal(await chosen(join(folder, 'part-0.npy')), join(folder, 'part-0.npy'));
});
