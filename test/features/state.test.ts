import assert from 'node:assert/strict';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readState } from '../../src/features/manifest/state.ts';
import { type Files, nodeFiles } from '../../src/system/files.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { makeFeatureSet } from './make-feature-set.ts';

describe('readState', () => {
  const root = temporaryFolder();

  const matrix = { rowCount: 2, columnCount: 1, data: Float32Array.of(1, 2) };
  const make = async (name: string, label = 'cat'): Promise<string> => {
    await makeFeatureSet(join(root, name), { matrix, ids: ['a', 'b'], labels: [['a', label]] });
    return join(root, name);
  };

  it('reads a table under its final or its temporary name, and none of another version', async () => {
    const folder = await make('waits');
    const labels = join(folder, 'labels.csv');
    await rename(labels, `${labels}.next`);
    await writeFile(labels, 'of the state before');
    const state = await readState(nodeFiles, folder);
    assert.equal(Buffer.from(state?.labels ?? []).toString(), 'id,label\na,cat\n');
    assert.deepEqual(state?.missing, []);
    assert.equal(await readState(nodeFiles, join(root, 'nothing')), undefined);
  });

  it('accepts a missing table that can be rebuilt, but not a changed one', async () => {
    const folder = await make('gone');
    await rm(join(folder, 'labels.csv'));
    await assert.rejects(readState(nodeFiles, folder), /damaged[\s\S]*labels\.csv[\s\S]*no such file/);
    const state = await readState(nodeFiles, folder, ['labels.csv']);
    assert.deepEqual([state?.missing, state?.labels.length], [['labels.csv'], 0]);
    await writeFile(join(folder, 'labels.csv'), 'id,label\na,dog\n');
    await assert.rejects(
      readState(nodeFiles, folder, ['labels.csv']),
      /labels\.csv[\s\S]*found: {4}sha256 [0-9a-f]{12}\.\.\.[\s\S]*expected: sha256 [0-9a-f]{12}\.\.\./,
    );
  });

  it('reads again where a writer publishes in between', async () => {
    const folder = await make('published');
    const labels = join(folder, 'labels.csv');
    const states = await Promise.all(
      ['cat', 'dog'].map(async (label) => {
        const other = await make(`published-${label}`, label);
        return {
          manifest: await readFile(join(other, 'manifest.json')),
          labels: await readFile(join(other, 'labels.csv')),
        };
      }),
    );
    const [cat, dog] = states as [(typeof states)[number], (typeof states)[number]];
    // After reading the old manifest, and before reading its tables, a new one is published.
    let published = false;
    const publishing: Files = {
      ...nodeFiles,
      open: async (path, flags) => {
        if (path === labels && !published) {
          published = true;
          await writeFile(join(folder, 'manifest.json'), dog.manifest);
          await writeFile(labels, dog.labels);
        }
        return nodeFiles.open(path, flags);
      },
    };
    await writeFile(join(folder, 'manifest.json'), cat.manifest);
    const state = await readState(publishing, folder);
    assert.equal(Buffer.from(state?.labels ?? []).toString(), 'id,label\na,dog\n');
  });

  it('gives up on a damaged table after a few attempts, however often the manifest changes', async () => {
    const folder = await make('changing');
    const manifest = join(folder, 'manifest.json');
    const text = await readFile(manifest, 'utf8');
    await writeFile(join(folder, 'labels.csv'), 'damaged');
    let looks = 0;
    const changing: Files = {
      ...nodeFiles,
      open: async (path, flags) => {
        if (path === manifest) await writeFile(manifest, text + '\n'.repeat(++looks));
        return nodeFiles.open(path, flags);
      },
    };
    await assert.rejects(readState(changing, folder), /labels\.csv/);
    assert.equal(looks, 6);
    // A table that does not change is reported after the second read.
    looks = 0;
    const still: Files = {
      ...nodeFiles,
      open: (path, flags) => {
        if (path === manifest) looks++;
        return nodeFiles.open(path, flags);
      },
    };
    await assert.rejects(readState(still, folder), /labels\.csv/);
    assert.equal(looks, 2);
  });
});
