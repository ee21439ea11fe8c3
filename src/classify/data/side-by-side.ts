import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { Matrix } from '../../numerics/matrix.ts';
import type { StoredRows } from '../../rows/row-source.ts';
import { normalizeRows } from '../../rows/scale.kernel.ts';
import type { Report } from '../result/report.ts';
import { type LabelledData, readIntoMemory } from './labelled-data.ts';

/**
 * The features of several networks side by side: each network's part of a row is scaled to the same L2 norm, so that
 * none counts for more because its numbers are larger or more. Nothing is fitted for that: a row depends on its image
 * alone. The norm is such that the numbers of a row have a root mean square of 1, about what pooled features have:
 * the defaults of the heads fit both.
 *
 * @param tables of `joinSets`: the same images in the same order
 */
export async function sideBySide(tables: readonly LabelledData<StoredRows>[]): Promise<LabelledData<Matrix>> {
  const [first] = tables as [LabelledData<StoredRows>];
  const columnCount = tables.reduce((sum, { features }) => sum + features.columnCount, 0);
  const rowCount = first.ids.length;
  const data = new Float32Array(rowCount * columnCount);
  const norm = Math.sqrt(columnCount / tables.length);
  let offset = 0;
  for (const table of tables) {
    const { features } = await readIntoMemory(table);
    const dims = features.columnCount;
    normalizeRows(features.data, dims, features.data);
    for (let i = 0; i < features.data.length; i++) features.data[i] = (features.data[i] as number) * norm;
    for (let row = 0; row < rowCount; row++) {
      data.set(features.data.subarray(row * dims, (row + 1) * dims), row * columnCount + offset);
    }
    offset += dims;
  }
  const fingerprints = tables.map(({ fingerprint }) => fingerprint);
  return {
    ...first,
    features: { rowCount, columnCount, data },
    fingerprint: createHash('sha256')
      .update(JSON.stringify(['side by side, the same norm each', ...fingerprints]))
      .digest('hex'),
    featureSet: describeParts(tables),
    warnings: [...new Set(tables.flatMap(({ warnings }) => warnings))],
  };
}

function describeParts(tables: readonly LabelledData<StoredRows>[]): Report['featureSet'] {
  const sets = tables.map(({ featureSet }) => featureSet);
  const [first] = sets as [Report['featureSet']];
  const name = (folder: string): string => basename(folder);
  const missing = sets.flatMap(({ folder, missing: counts }) =>
    Object.entries(counts).map(([reason, count]) => [`${reason} in ${name(folder)}`, count] as const),
  );
  return {
    folder: join(dirname(first.folder), sets.map(({ folder }) => name(folder)).join('+')),
    rowCount: first.rowCount,
    dims: sets.reduce((sum, { dims }) => sum + dims, 0),
    weights: sets.map(({ weights }) => name(weights)).join(' + '),
    randomWeights: sets.some(({ randomWeights }) => randomWeights),
    missing: Object.fromEntries(missing),
    parts: tables.map(({ fingerprint, featureSet: { folder, dims, weights } }) => ({
      folder,
      dims,
      weights,
      features: fingerprint,
    })),
  };
}
