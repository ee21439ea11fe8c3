import { firstNonFinite } from '../numerics/finite.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { isStored, type RowSource } from '../rows/row-source.ts';
import type { Table } from '../rows/table.ts';
import { UserError } from '../system/errors.ts';
import type { NamedArray, SavedHead } from './model.ts';

/**
 * The door of every fit: shapes agree, labels name classes, features are finite, weights can be used.
 *
 * @throws UserError naming what is wrong, and the row and column where there is one
 */
export function checkTrainingTable(table: Table<RowSource>, model: string): void {
  const { features, labels, classes, sampleWeights } = table;
  const where = `training rows of the ${model} head`;
  if (features.rowCount === 0) throw new UserError({ what: 'there is nothing to train on', where, found: '0 rows' });
  if (labels.length !== features.rowCount) {
    throw new UserError({
      what: 'labels do not match the features',
      where,
      found: `${labels.length} labels`,
      expected: `${features.rowCount}, one per row`,
    });
  }
  const stray = labels.findIndex((label) => label < 0 || label >= classes.length);
  if (stray >= 0) {
    throw new UserError({
      what: 'a label names no class',
      where: `row ${stray} of the ${where}`,
      found: String(labels[stray]),
      expected: `0 to ${classes.length - 1}`,
    });
  }
  // Rows that stay on the disk are looked at when they are first read.
  if (!isStored(features)) checkFinite(features, where);
  if (sampleWeights === undefined) return;
  if (sampleWeights.length !== features.rowCount) {
    throw new UserError({
      what: 'sample weights do not match the features',
      where,
      found: `${sampleWeights.length} weights`,
      expected: `${features.rowCount}, one per row`,
    });
  }
  const badWeight = sampleWeights.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
  if (badWeight >= 0) {
    throw new UserError({
      what: 'a sample weight is not usable',
      where: `row ${badWeight} of the ${where}`,
      found: String(sampleWeights[badWeight]),
      expected: 'a finite number from 0',
    });
  }
  if (!sampleWeights.some((weight) => weight > 0)) {
    throw new UserError({ what: 'every sample weight is 0', where, expected: 'some weight above 0' });
  }
}

/** The door of every prediction: as many columns as the head was fitted on, all finite. */
export function checkFeatures(features: Matrix, dims: number, model: string): void {
  if (features.columnCount !== dims) {
    throw new UserError({
      what: `the ${model} head was fitted on other features`,
      found: `${features.columnCount} columns`,
      expected: `${dims}`,
      fix: 'use the feature set that the head was trained on, or train it again',
    });
  }
  checkFinite(features, `rows given to the ${model} head`);
}

function checkFinite(features: Matrix, where: string): void {
  const { data, columnCount } = features;
  const at = firstNonFinite(data);
  if (at < 0) return;
  throw new UserError({
    what: 'a feature is not a finite number',
    where: `row ${Math.floor(at / columnCount)}, column ${at % columnCount} of the ${where}`,
    found: String(data[at]),
    expected: 'finite numbers',
    fix: 'featuretap verify checks a feature set; extract it again, or drop that row',
  });
}

type ArrayKind = Float32ArrayConstructor | Float64ArrayConstructor | Int32ArrayConstructor | Uint8ArrayConstructor;

/**
 * An array of a saved head, checked.
 *
 * @param shape expected extents; null for one that may be anything
 * @throws UserError naming the array when it is missing, of another type, or of another shape
 */
export function savedArray<K extends ArrayKind>(
  saved: SavedHead,
  name: string,
  kind: K,
  shape: readonly (number | null)[],
): InstanceType<K> {
  const array: NamedArray | undefined = saved.arrays[name];
  const where = `array ${name} of the saved ${saved.model} head`;
  const expected = `${kind.name} [${shape.map((extent) => extent ?? 'any').join(', ')}]`;
  if (array === undefined)
    throw new UserError({ what: 'the saved head is not whole', where, found: 'nothing', expected });
  const fits =
    array.data instanceof kind &&
    array.shape.length === shape.length &&
    array.shape.every((extent, axis) => shape[axis] === null || shape[axis] === extent) &&
    array.data.length === array.shape.reduce((product, extent) => product * extent, 1);
  if (!fits) {
    const found = `${array.data.constructor.name} of ${array.data.length} with shape [${array.shape.join(', ')}]`;
    throw new UserError({ what: 'the saved head is not whole', where, found, expected });
  }
  return array.data as InstanceType<K>;
}

/** @throws UserError when a saved head was made by a solver that its kind does not know */
export function checkSolver(saved: SavedHead, solvers: readonly string[]): void {
  if (solvers.includes(saved.solver)) return;
  throw new UserError({
    what: `the saved ${saved.model} head was made by a solver that is not known here`,
    found: saved.solver,
    expected: solvers.join(' | '),
    fix: 'use the version of featuretap that saved it',
  });
}
