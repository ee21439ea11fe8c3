import assert from 'node:assert/strict';
import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openFeatureSet } from '../../src/features/reader.ts';
import type { Matrix } from '../../src/numerics/matrix.ts';
import { UserError } from '../../src/system/errors.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { makeFeatureSet } from './make-feature-set.ts';

function countingMatrix(rowCount: number, columnCount: number): Matrix {
  return { rowCount, columnCount, data: Float32Array.from({ length: rowCount * columnCount }, (_, i) => i) };
}

describe('openFeatureSet', () => {
  const root = temporaryFolder();

  const ids = ['b', 'a', 'with, comma', 'with "quote"', 'ünï/çødé', 'new\nline', 'g'];

  async function make(name: string, extra: Partial<Parameters<typeof makeFeatureSet>[1]> = {}): Promise<string> {
    const folder = join(root, name);
    await makeFeatureSet(folder, { matrix: countingMatrix(7, 3), ids, rowsPerShard: 3, ...extra });
    return folder;
  }

  it('reads any rows in any order, also repeated ones, across shards', async () => {
    const set = await openFeatureSet(await make('rows'));
    const all = await set.readMatrix();
    assert.deepEqual([...all.data], [...countingMatrix(7, 3).data]);
    const some = await set.readMatrix([6, 0, 3, 3, 2, 5, 0]);
    assert.deepEqual(
      [...some.data],
      [6, 0, 3, 3, 2, 5, 0].flatMap((row) => [row * 3, row * 3 + 1, row * 3 + 2]),
    );
    assert.equal((await set.readMatrix([])).rowCount, 0);
    await assert.rejects(set.readMatrix([7]), RangeError);
  });

  it('returns ids unchanged, with any characters, and finds each', async () => {
    const set = await openFeatureSet(await make('ids'));
    assert.deepEqual(set.ids, ids);
    assert.deepEqual(
      ids.map((id) => set.rowOf(id)),
      [0, 1, 2, 3, 4, 5, 6],
    );
    assert.equal(set.rowOf('nowhere'), undefined);
    assert.equal(set.pathOf('a'), 'train/a.jpg');
  });

  it('joins labels in their own order, gives duplicates their row, and names labels without one', async () => {
    const labels = [
      ['g', 'cat'],
      ['twin of a', 'dog'],
      ['gone', 'dog'],
      ['a', 'dog'],
    ] as const;
    const twin = {
      id: 'twin of a',
      path: 'twin.jpg',
      outcome: 'duplicate',
      row: 1,
      reason: 'same bytes as a',
    } as const;
    const gone = { id: 'gone', path: '', outcome: 'missing', reason: 'no file' } as const;
    const set = await openFeatureSet(await make('labels', { labels, outcomes: [twin, gone] }));
    assert.deepEqual(set.labelled(), {
      ids: ['g', 'twin of a', 'a'],
      labels: ['cat', 'dog', 'dog'],
      rows: Uint32Array.of(6, 1, 1),
      withoutRow: ['gone'],
    });
    assert.deepEqual(set.manifest.counts, { kept: 7, duplicate: 1, missing: 1, unreadable: 0, failed: 0, total: 9 });
    assert.deepEqual(set.outcomes, [twin, gone]);
  });

  it('keeps the rows of views after their image', async () => {
    const folder = join(root, 'views');
    await makeFeatureSet(folder, {
      matrix: countingMatrix(6, 2),
      ids: ['a', 'b'],
      fields: { views: { count: 2, seed: 0 } },
    });
    const set = await openFeatureSet(folder);
    assert.deepEqual([...set.rows], [0, 3]);
    assert.deepEqual(set.viewRows(3), [4, 5]);
    assert.deepEqual([...(await set.readMatrix()).data], [0, 1, 6, 7]);
    assert.match(await readFile(join(folder, 'index.csv'), 'utf8'), /^row,id,path,sha256,view\n0,a,.*,0\n1,a,.*,1\n/);
  });

  it('widens float16 shards to float32', async () => {
    const set = await openFeatureSet(await make('half', { fields: { dtype: 'float16' } }));
    assert.deepEqual([...(await set.readMatrix()).data], [...countingMatrix(7, 3).data]);
  });

  it('reads tables that are not renamed yet when the new manifest is in place', async () => {
    const folder = await make('waiting');
    for (const file of ['index.csv', 'labels.csv']) {
      await rename(join(folder, file), join(folder, `${file}.next`));
      await writeFile(join(folder, file), 'the state before');
    }
    assert.deepEqual((await openFeatureSet(folder)).ids, ids);
  });

  it('rejects a shard with one flipped bit and a truncated shard, with its name', async () => {
    const folder = await make('flipped');
    const path = join(folder, 'features-00001.npy');
    const bytes = await readFile(path);
    bytes[bytes.length - 5]! ^= 1;
    await writeFile(path, bytes);
    const set = await openFeatureSet(folder);
    await set.readMatrix([0, 6]);
    await assert.rejects(set.readMatrix([4]), refusal(/damaged[\s\S]*features-00001\.npy/));
    await writeFile(path, bytes.subarray(0, -1));
    await assert.rejects(set.readMatrix([4]), refusal(/features-00001\.npy\n {2}found: {4}\d+ bytes/));
    await rm(path);
    await assert.rejects(set.readMatrix([4]), refusal(/missing[\s\S]*features-00001\.npy/));
  });

  it('rejects an index, labels or outcomes with one changed byte, with the file', async () => {
    for (const file of ['index.csv', 'labels.csv', 'outcomes.csv']) {
      const folder = await make(`changed ${file}`, { labels: [['a', 'dog']] });
      await appendFile(join(folder, file), ' ');
      await assert.rejects(openFeatureSet(folder), refusal(new RegExp(`damaged[\\s\\S]*${file}`)));
    }
  });

  it('explains what a folder without a manifest is', async () => {
    await assert.rejects(openFeatureSet(join(root, 'nothing')), refusal(/there is no feature set here/));
  });
});

function refusal(message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  };
}
