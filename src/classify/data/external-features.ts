import { basename } from 'node:path';
import { compareCodePoints, encodeLabels } from '../../rows/classes.ts';
import { checkFinite } from '../../rows/finite.ts';
import { isStored, type RowSource } from '../../rows/row-source.ts';
import { valueAt, valuesAt } from '../../system/at.ts';
import { columnsOf } from './label-columns.ts';
import { keptRows, type LabelledData, placeOf, type RowOptions, readIntoMemory } from './labelled-data.ts';
import type { MatrixOptions } from './matrix/external-matrix.ts';
import { labelsOf } from './matrix/matrix-labels.ts';
import { matrixPlace, openMatrix } from './matrix/open-matrix.ts';
import { describeSmallClasses, withoutSmallClasses } from './small-classes.ts';

export interface ExternalOptions extends RowOptions, MatrixOptions {
  readonly onNote?: (line: string) => void;
}

/**
 * Reads a feature matrix written by another program, with its labels. `features`: .npy, .npz (`X.npz:NAME` takes one of
 * its arrays), .parquet, .csv or .tsv, or a folder of shards. `labels`: .npy, .npz, .parquet, or a CSV file with a
 * header and one line per row (label, or id and label, and columns for weights and groups after them); if undefined,
 * the labels stored with the features. docs/matrices.md lists all forms.
 *
 * @throws UserError if the files cannot be read or do not match, or a feature is not finite
 */
export async function readExternalFeatures(
  features: string,
  labels: string | undefined,
  options: ExternalOptions,
): Promise<LabelledData> {
  return readIntoMemory(await openExternalFeatures(features, labels, options));
}

/** The same, but leaves the features on disk if the file format allows it. */
export async function openExternalFeatures(
  features: string,
  labelsFile: string | undefined,
  options: ExternalOptions,
): Promise<LabelledData<RowSource>> {
  const matrix = await openMatrix(features, options);
  const labels = await labelsOf(matrix, labelsFile, options);
  if (matrix.said !== undefined) options.onNote?.(`${matrixPlace(features).path}: ${matrix.said}`);
  for (const line of labels.said) options.onNote?.(line);
  const labelled = keptRows(labels.names, options.leaveOut).filter((row) => labels.names[row] !== '');
  const { rows: kept, small } = withoutSmallClasses(labelled, labels.names, options.minImages);
  // Numbers are sorted by value, as by numpy.unique, so that splits equal scikit-learn's.
  const compare = labels.numeric ? (a: string, b: string) => Number(a) - Number(b) : compareCodePoints;
  const ids = valuesAt(labels.ids, kept);
  const column = (name: string): string[] => {
    const values = labels.column(name);
    return valuesAt(values, kept);
  };
  const rows = await matrix.take(kept);
  if (!isStored(rows)) checkFinite(rows, (row, column) => placeOf(matrix.where, valueAt(ids, row), column));
  return {
    ids,
    viewsPerImage: 0,
    features: rows,
    ...encodeLabels(valuesAt(labels.names, kept), compare),
    ...columnsOf({ path: labels.where, ids, column }, options),
    fingerprint: matrix.sha256,
    featureSet: {
      folder: basename(matrixPlace(features).path).replace(/\.(?:npy|npz|parquet|csv|tsv)$/i, ''),
      rowCount: matrix.rowCount,
      dims: matrix.columnCount,
      weights: `external features in ${features}`,
      randomWeights: false,
      missing: {},
    },
    smallClasses: small,
    warnings: small === undefined ? [] : [describeSmallClasses(small)],
  };
}
