import { deepEqual } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFeatureSet } from '../../src/features/reader.ts';

/** Fields of a manifest that depend on how rows are divided into shards. */
const ofShards = ['shards', 'rowCount', 'indexSha256', 'outcomesSha256', 'sha256'];

/**
 * The contents of a feature set independent of its shards: images in the order of the index with the bytes of their
 * rows, labels and outcomes in their order, and the manifest without the fields of its shards.
 */
export async function contentsOf(folder: string): Promise<{ readonly images: readonly object[] }> {
  const set = await openFeatureSet(folder);
  const manifest = Object.entries(set.manifest).filter(([field]) => !ofShards.includes(field));
  const rows = Array.from(set.rows, (row) => [row, ...set.viewRows(row)]).flat();
  const { data } = await set.readMatrix(rows);
  const size = set.dims * set.rowsPerImage;
  const images = set.ids.map((id, i) => {
    const row = Buffer.from(data.slice(i * size, (i + 1) * size).buffer).toString('hex');
    return { id, path: set.paths[i], sha256: set.sha256Of(i), row };
  });
  const idOf = new Map(Array.from(set.rows, (row, i) => [row, set.ids[i]]));
  const outcomes = set.outcomes.map(({ row, ...rest }) => ({
    ...rest,
    owner: row === undefined ? row : idOf.get(row),
  }));
  const calibrations = (await readdir(folder)).filter((name) => name.startsWith('calibration-'));
  return { images, ...{ labels: [...set.labels], outcomes, manifest, calibrations } };
}

/**
 * Asserts that the files recorded in both sets have equal sizes, times and hashes. Only later runs record a file that
 * was written just before a run.
 */
async function sameMemory(expected: string, found: string): Promise<void> {
  const memoryOf = async (folder: string): Promise<ReadonlyMap<string, string>> => {
    // The last line is a checksum.
    const lines = (await readFile(join(folder, '.run', 'files.csv'), 'utf8')).split('\n').slice(1, -2);
    return new Map(lines.map((line) => [line.slice(0, line.indexOf(',')), line]));
  };
  const [one, other] = await Promise.all([memoryOf(expected), memoryOf(found)]);
  for (const [path, line] of one) if (other.has(path)) deepEqual(other.get(path), line);
}

/**
 * Compares two feature sets.
 *
 * @returns the number of images
 * @throws AssertionError that shows the difference
 */
export async function sameSet(expected: string, found: string): Promise<number> {
  const [a, b] = await Promise.all([expected, found].map(contentsOf));
  deepEqual(b, a, `${found} is not what ${expected} is`);
  await sameMemory(expected, found);
  return a?.images.length ?? 0;
}
