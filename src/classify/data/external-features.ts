import { basename } from 'node:path';
import { describeNpyMatrix, readNpyLabels, readNpyMatrix } from '../../formats/npy/npy-file.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { compareCodePoints, encodeLabels } from '../../rows/labels.ts';
import { NpyStore } from '../../rows/npy-store.ts';
import { RowReader } from '../../rows/row-reader.ts';
import { type RowSource, storedRows, takeRows } from '../../rows/row-source.ts';
import { UserError } from '../../system/errors.ts';
import { columnsOf } from './label-columns.ts';
import { checkFinite, keptRows, type LabelledData, type RowOptions, readIntoMemory } from './labelled-data.ts';
import { readRowLabels } from './labels-file.ts';
import { describeSmallClasses, withoutSmallClasses } from './small-classes.ts';

/**
 * A matrix that another program made, with its labels: `features` an .npy file of float16, float32 or float64, `labels`
 * an .npy file of whole numbers or text, or a CSV file with a header and one line per row (label, or id and label, and
 * columns for weights and groups after them).
 *
 * @throws UserError when the files cannot be read, do not have as many rows, or a feature is not finite
 */
export async function bringFeatures(
  featuresFile: string,
  labelsFile: string,
  options: RowOptions,
): Promise<LabelledData> {
  return readIntoMemory(await bringRows(featuresFile, labelsFile, options));
}

/** The same with the features left in their file; in Fortran order, where rows do not lie together, in memory. */
export async function bringRows(
  featuresFile: string,
  labelsFile: string,
  options: RowOptions,
): Promise<LabelledData<RowSource>> {
  const described = await describeNpyMatrix(featuresFile);
  const fromNpy = labelsFile.endsWith('.npy') ? await readNpyLabels(labelsFile) : undefined;
  const rowLabels =
    fromNpy === undefined
      ? await readRowLabels(labelsFile)
      : { ids: fromNpy.names.map((_, row) => `row-${row}`), names: fromNpy.names, column: noColumns(labelsFile) };
  if (rowLabels.names.length !== described.rowCount) {
    throw new UserError({
      what: 'the labels do not match the features',
      where: labelsFile,
      found: `${rowLabels.names.length} labels`,
      expected: `${described.rowCount}, one for each row of ${featuresFile}`,
    });
  }
  const { rows: kept, small } = withoutSmallClasses(
    keptRows(rowLabels.names, options.leaveOut),
    rowLabels.names,
    options.minImages,
  );
  // numpy.unique sorts numbers by value, so that a split of them is scikit-learn's.
  const compare = fromNpy?.numeric === true ? (a: string, b: string) => Number(a) - Number(b) : compareCodePoints;
  const ids = Array.from(kept, (row) => rowLabels.ids[row] as string);
  const column = (name: string): string[] => {
    const values = rowLabels.column(name);
    return Array.from(kept, (row) => values[row] as string);
  };
  return {
    ids,
    viewsPerImage: 0,
    features: described.fortranOrder
      ? await readFortran(featuresFile, rowLabels.ids, kept)
      : storedRows(new RowReader(new NpyStore(described)), kept),
    ...encodeLabels(
      Array.from(kept, (row) => rowLabels.names[row] as string),
      compare,
    ),
    ...columnsOf({ path: labelsFile, ids, column }, options),
    fingerprint: described.sha256,
    featureSet: {
      folder: basename(featuresFile, '.npy'),
      rowCount: described.rowCount,
      dims: described.columnCount,
      weights: `as brought in ${featuresFile}`,
      randomWeights: false,
      missing: {},
    },
    ...(small === undefined ? {} : { smallClasses: small }),
    warnings: small === undefined ? [] : [describeSmallClasses(small)],
  };
}

/** A vector of labels has no columns beside it. */
function noColumns(path: string): (name: string) => never {
  return (name) => {
    throw new UserError({
      what: `there is no column ${name}`,
      where: path,
      found: 'labels alone',
      fix: `--labels FILE.csv with the header id,label,${name} and one line per row of the matrix`,
      exitCode: 2,
    });
  };
}

async function readFortran(path: string, ids: readonly string[], kept: Uint32Array): Promise<Matrix> {
  const { rowCount, columnCount, data } = await readNpyMatrix(path);
  const matrix = { rowCount, columnCount, data };
  checkFinite(matrix, (row) => ids[row] as string, path);
  return kept.length === rowCount ? matrix : takeRows(matrix, kept);
}
