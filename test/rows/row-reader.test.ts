import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { openFeatureSet } from '../../src/features/reader.ts';
import { RowReader } from '../../src/rows/row-reader.ts';
import { changedRows, rowPass, storedRows, takeRows } from '../../src/rows/row-source.ts';
import { InterruptedError } from '../../src/system/errors.ts';
import { makeFeatureSet } from '../features/make-feature-set.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { countingStore } from './counting-store.ts';

/** First number of each row of a pass, and the size of each block. */
async function pass(reader: RowReader, rows: readonly number[]): Promise<{ firsts: number[]; sizes: number[] }> {
  const firsts: number[] = [];
  const sizes: number[] = [];
  for await (const { start, rowCount, data } of reader.blocks(Uint32Array.from(rows))) {
    assert.equal(start, firsts.length);
    assert.equal(data.length, rowCount * reader.store.columnCount);
    for (let i = 0; i < data.length; i += reader.store.columnCount) firsts.push(data[i] as number);
    sizes.push(rowCount);
  }
  return { firsts, sizes };
}

describe('RowReader', () => {
  it('returns the rows of a pass in blocks of at most the given size, also repeated ones', async () => {
    const reader = new RowReader(countingStore(20, 7), 4);
    const rows = [0, 1, 2, 2, 2, 3, 6, 7, 13, 14, 19];
    const { firsts, sizes } = await pass(reader, rows);
    assert.deepEqual(firsts, rows);
    assert.ok(sizes.every((size) => size <= 4));
    assert.deepEqual(await pass(reader, []), { firsts: [], sizes: [] });
  });

  it('reads over a small gap, not over a wide one, and never from a file without requested rows', async () => {
    const near = countingStore(100, 100);
    await pass(new RowReader(near, 8), [10, 12, 13]);
    assert.deepEqual(near.reads, ['10+4']);
    const wide = countingStore(100, 100, 1 << 14);
    await pass(new RowReader(wide, 8), [10, 11, 14, 15]);
    assert.deepEqual(wide.reads, ['10+2', '14+2']);
    const files = countingStore(100, 12);
    await pass(new RowReader(files, 8), [10, 25]);
    assert.deepEqual(files.reads, ['10+1', '25+1']);
  });

  it('reads any rows in any order into one array', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.nat(29), { maxLength: 40 }),
        async (rowsPerFile, blockRows, rows) => {
          const reader = new RowReader(countingStore(30, rowsPerFile), blockRows);
          let found = new Float32Array(0);
          await reader.readInto(rows, () => {
            found = new Float32Array(rows.length * 2);
            return found;
          });
          assert.deepEqual(
            [...found],
            rows.flatMap((row) => [row, row + 0.5]),
          );
          const rising = rows.toSorted((a, b) => a - b);
          assert.deepEqual((await pass(reader, rising)).firsts, rising);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('rejects a second pass during the first, and reports a failed read at its block', async () => {
    const store = countingStore(20, 20);
    const reader = new RowReader(store, 4);
    const rows = Uint32Array.from({ length: 20 }, (_, row) => row);
    for await (const _ of reader.blocks(rows)) {
      await assert.rejects(pass(reader, [1]), RangeError);
      break;
    }
    assert.equal((await pass(reader, [1])).firsts.length, 1);
    const broken = new RowReader(
      {
        ...store,
        read: async (first, target) => (first < 8 ? store.read(first, target) : Promise.reject(new Error('EIO'))),
      },
      4,
    );
    let blocks = 0;
    await assert.rejects(async () => {
      for await (const _ of broken.blocks(rows)) blocks++;
    }, /EIO/);
    assert.equal(blocks, 2);
  });
});

describe('stored rows', () => {
  it('an interrupt stops the check of a shard, and an unchecked shard is not read', async () => {
    const matrix = { rowCount: 4, columnCount: 3, data: new Float32Array(12) };
    await makeFeatureSet(join(root, 'stopped'), { matrix, ids: ['a', 'b', 'c', 'd'] });
    const store = (await openFeatureSet(join(root, 'stopped'))).rowStore();
    const bytes = new Uint8Array(store.rowBytes).fill(7);
    await assert.rejects(store.read(0, bytes, AbortSignal.abort()), InterruptedError);
    assert.ok(bytes.every((byte) => byte === 7));
    await store.read(0, bytes);
    assert.ok(bytes.every((byte) => byte === 0));
    await store.close();
  });

  const root = temporaryFolder();

  it('of a float16 set in three shards equal its matrix, in a pass and through a change', async () => {
    const matrix = { rowCount: 10, columnCount: 3, data: Float32Array.from({ length: 30 }, (_, i) => i) };
    const ids = Array.from({ length: 10 }, (_, row) => `i${row}`);
    await makeFeatureSet(join(root, 'set'), { matrix, ids, rowsPerShard: 4, fields: { dtype: 'float16' } });
    const set = await openFeatureSet(join(root, 'set'));
    const all = storedRows(new RowReader(set.rowStore(), 2), set.rows);
    const some = changedRows(takeRows(all, [7, 1, 1, 4]), (rows) => {
      for (let i = 0; i < rows.length; i++) rows[i] = -(rows[i] as number);
    });
    const { places, blocks } = rowPass(some);
    assert.deepEqual([...(places ?? [])], [1, 2, 3, 0]);
    const found: number[] = [];
    for await (const { data } of blocks()) found.push(...data);
    assert.deepEqual(
      found,
      [1, 1, 4, 7].flatMap((row) => [-3 * row, -3 * row - 1, -3 * row - 2]),
    );
  });
});
