import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachedStore } from '../../src/rows/cached-store.ts';
import { RowReader } from '../../src/rows/row-reader.ts';
import { countingStore } from './counting-store.ts';

/** Rows of a quarter of a megabyte: four lie in a chunk. */
const columnCount = 1 << 16;

async function firstsOf(reader: RowReader, rows: readonly number[]): Promise<number[]> {
  const firsts: number[] = [];
  for await (const { data, rowCount } of reader.blocks(Uint32Array.from(rows))) {
    for (let i = 0; i < rowCount; i++) firsts.push(data[i * columnCount] as number);
  }
  return firsts;
}

test('keeps at most its limit of rows, reads each of them once, and the others every time', async () => {
  const store = countingStore(22, 100, columnCount);
  const cached = cachedStore(store, 9.9 * 4 * columnCount);
  assert.equal(cached.keptRows, 8);
  const reader = new RowReader(cached, 3);
  const rows = [0, 1, 2, 5, 6, 7, 8, 9, 21];
  for (let pass = 0; pass < 3; pass++) assert.deepEqual(await firstsOf(reader, rows), rows);
  const kept = store.reads.filter((read) => Number(read.split('+')[0]) < 8);
  assert.deepEqual(kept, ['0+4', '4+4']);
  assert.equal(store.reads.filter((read) => read === '21+1').length, 3);
});

test('keeps all rows of a store that fits, and none with a limit of zero bytes', async () => {
  const store = countingStore(6, 100, columnCount);
  assert.equal(cachedStore(store, 6 * 4 * columnCount).keptRows, 6);
  const none = cachedStore(store, 0);
  assert.equal(none.keptRows, 0);
  assert.deepEqual(await firstsOf(new RowReader(none, 2), [1, 3]), [1, 3]);
});

test('does not read on into the next file for the rest of a chunk', async () => {
  const store = countingStore(12, 5, columnCount);
  const reader = new RowReader(cachedStore(store, 1e9), 3);
  assert.deepEqual(await firstsOf(reader, [4]), [4]);
  assert.deepEqual(store.reads, ['4+1']);
  assert.deepEqual(await firstsOf(reader, [4, 5, 6, 7, 8]), [4, 5, 6, 7, 8]);
  assert.deepEqual(await firstsOf(reader, [3, 4, 9, 11]), [3, 4, 9, 11]);
});
