import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { Matrix } from '../../numerics/matrix.ts';
import type { StoredRows } from '../../rows/row-source.ts';
import { rowsSideBySide } from '../../rows/side-by-side.ts';
import { valueAt } from '../../system/at.ts';
import type { Report } from '../result/report.ts';
import { type LabelledData, readIntoMemory } from './labelled-data.ts';

/** The features of several networks side by side, as `rowsSideBySide` scales them. */
export async function sideBySide(tables: readonly LabelledData<StoredRows>[]): Promise<LabelledData<Matrix>> {
  const first = valueAt(tables, 0);
  const dims = tables.map(({ features }) => features.columnCount);
  const features = await rowsSideBySide(first.ids.length, dims, async (part) => {
    return (await readIntoMemory(valueAt(tables, part))).features;
  });
  const fingerprints = tables.map(({ fingerprint }) => fingerprint);
  return {
    ...first,
    features,
    fingerprint: createHash('sha256')
      .update(JSON.stringify(['side by side, the same norm each', ...fingerprints]))
      .digest('hex'),
    featureSet: describeParts(tables),
    warnings: [...new Set(tables.flatMap(({ warnings }) => warnings))],
  };
}

function describeParts(tables: readonly LabelledData<StoredRows>[]): Report['featureSet'] {
  const sets = tables.map(({ featureSet }) => featureSet);
  const first = valueAt(sets, 0);
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
    parts: tables.map(({ fingerprint, featureSet: { folder, dims, weights, fields, madeBy } }) => ({
      folder,
      dims,
      weights,
      features: fingerprint,
      ...(fields && { fields }),
      ...(madeBy && { madeBy }),
    })),
  };
}
