import { statSync } from 'node:fs';
import { readExternalFeatures } from '../../../src/classify/data/external-features.ts';
import { joinLabels, type LabelledData } from '../../../src/classify/data/labelled-data.ts';
import { openFeatureSet } from '../../../src/features/reader.ts';
import { takeRows } from '../../../src/rows/row-source.ts';
import { stratifiedShuffleSplit } from '../../../src/split/split.ts';
import { usageError } from '../../../src/system/errors.ts';
import { writeLabels, writeMatrix } from './data.ts';
import { drawFeatures } from './draw-features.kernel.ts';

/** The data that both sides use. */
export interface DataShape {
  readonly rows: number;
  readonly testRows: number;
  readonly dims: number;
  readonly classes: number;
  /** `drawn, seed 0`, or the file or folder. */
  readonly source: string;
}

/** Draws rows and writes them into a folder for both sides. */
export function drawData(folder: string, options: Omit<DataShape, 'source'> & { readonly seed: number }): DataShape {
  const { rows, testRows, dims, classes, seed } = options;
  const { data, labels } = drawFeatures(rows + testRows, dims, classes, seed);
  const cut = rows * dims;
  writeMatrix(folder, 'train.npy', { rowCount: rows, columnCount: dims, data: data.subarray(0, cut) });
  writeMatrix(folder, 'test.npy', { rowCount: testRows, columnCount: dims, data: data.subarray(cut) });
  writeLabels(folder, {
    classCount: classes,
    train: Array.from(labels.subarray(0, rows)),
    test: Array.from(labels.subarray(rows)),
  });
  return { rows, testRows, dims, classes, source: `drawn, seed ${seed}` };
}

/**
 * Splits existing rows into four fifths for training and one for the test.
 *
 * @param features folder of a feature set, or an .npy matrix
 * @param labelsFile labels of a matrix: y.npy or a CSV
 */
export async function splitData(folder: string, features: string, labelsFile: string | undefined): Promise<DataShape> {
  const data = await readLabelled(features, labelsFile);
  const [split] = stratifiedShuffleSplit(data.labels, data.classes, { testSize: 0.2, seed: 0, repeats: 1 });
  if (split === undefined) throw new RangeError('no split');
  const labelsOf = (rows: Int32Array): number[] => Array.from(rows, (row) => data.labels[row] as number);
  writeMatrix(folder, 'train.npy', takeRows(data.features, split.train));
  writeMatrix(folder, 'test.npy', takeRows(data.features, split.test));
  writeLabels(folder, {
    classCount: data.classes.length,
    train: labelsOf(split.train),
    test: labelsOf(split.test),
  });
  return {
    rows: split.train.length,
    testRows: split.test.length,
    dims: data.features.columnCount,
    classes: data.classes.length,
    source: features,
  };
}

async function readLabelled(features: string, labelsFile: string | undefined): Promise<LabelledData> {
  if (statSync(features).isDirectory()) return joinLabels(await openFeatureSet(features), { maxMissing: 1 });
  if (labelsFile === undefined) throw usageError('--labels', 'nothing', 'y.npy or a CSV, with --features X.npy');
  return readExternalFeatures(features, labelsFile, {});
}
