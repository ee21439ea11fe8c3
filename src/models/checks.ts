import { firstImprobable, firstNonFinite, largestMagnitude } from '../numerics/finite.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { type PresentClasses, presentClasses } from '../rows/classes.ts';
import { checkFinite } from '../rows/finite.ts';
import { isStored, type RowSource } from '../rows/row-source.ts';
import type { Table } from '../rows/table.ts';
import { valueAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import type { Json, NamedArray, SavedHead } from './model.ts';

/**
 * Checks the arguments of every fit: shapes match, labels are class numbers, features are finite and of reasonable
 * magnitude, weights are valid.
 *
 * @param isScaledLater whether the features are scaled before the fit
 * @throws UserError naming the problem, with row and column if applicable
 */
export function checkTrainingTable(table: Table<RowSource>, model: string, isScaledLater = false): void {
  const { features, labels, classes, sampleWeights } = table;
  const where = `training rows of the ${model} head`;
  if (features.rowCount === 0) throw new UserError({ what: 'there is nothing to train on', where, found: '0 rows' });
  const refuse = (what: string, found: string, expected: string, at = where): never => {
    throw new UserError({ what, where: at, found, expected });
  };
  const perRow = `${features.rowCount}, one per row`;
  if (labels.length !== features.rowCount)
    refuse('labels do not match the features', `${labels.length} labels`, perRow);
  const stray = labels.findIndex((label) => label < 0 || label >= classes.length);
  if (stray >= 0) {
    const at = `row ${stray} of the ${where}`;
    refuse('a label names no class', String(labels[stray]), `0 to ${classes.length - 1}`, at);
  }
  // Rows on disk are checked when they are first read.
  if (!isStored(features)) {
    const largest = largestMagnitude(features.data);
    if (Number.isNaN(largest)) checkFinite(features, (row, column) => `row ${row}, column ${column} of the ${where}`);
    if (!isScaledLater) checkMagnitude(largest, where);
  }
  if (sampleWeights === undefined) return;
  if (sampleWeights.length !== features.rowCount) {
    refuse('sample weights do not match the features', `${sampleWeights.length} weights`, perRow);
  }
  const bad = sampleWeights.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
  if (bad >= 0) {
    const at = `row ${bad} of the ${where}`;
    refuse('a sample weight is not usable', String(sampleWeights[bad]), 'a finite number from 0', at);
  }
  if (!sampleWeights.some((weight) => weight > 0)) {
    throw new UserError({ what: 'every sample weight is 0', where, expected: 'some weight above 0' });
  }
}

/**
 * Range of the largest absolute feature: within it, products and squares of features neither overflow nor underflow in
 * float32.
 */
const usableMagnitude = { from: 1e-15, to: 1e15 } as const;

/**
 * @param largest absolute value of the features; 0 if all are 0, which is accepted
 * @throws UserError suggesting a scaling if features are far too small or too large
 */
export function checkMagnitude(largest: number, where: string): void {
  const { from, to } = usableMagnitude;
  if (largest === 0 || (largest >= from && largest <= to)) return;
  throw new UserError({
    what: `the features are far too ${largest < from ? 'small' : 'large'} to train on`,
    where,
    found: `${largest.toPrecision(3)} as the largest number`,
    expected: `a largest number from ${from.toExponential()} to ${to.toExponential()}`,
    fix: '--scale standard brings every column to mean 0 and standard deviation 1',
  });
}

/** Rounding error of sums of float32 probabilities over thousands of classes is smaller. */
const sumTolerance = 1e-3;

/**
 * Checks every prediction.
 *
 * @param probabilities [rows, classes]
 * @throws UserError naming the first invalid probability
 */
export function checkProbabilities(
  probabilities: Matrix,
  { model, classes }: Pick<SavedHead, 'model' | 'classes'>,
): void {
  const { data, rowCount } = probabilities;
  const at = firstImprobable(data.subarray(0, rowCount * classes.length), classes.length, sumTolerance);
  if (at < 0) return;
  const row = Math.floor(at / classes.length);
  const sum = data.subarray(row * classes.length, (row + 1) * classes.length).reduce((total, p) => total + p, 0);
  const value = valueAt(data, at);
  const isNumber = value >= 0 && value <= 1 + sumTolerance;
  throw new UserError({
    what: `the ${model} head gives invalid probabilities`,
    where: `row ${row}, class ${classes[at % classes.length]}`,
    found: isNumber ? `probabilities that sum to ${sum.toPrecision(6)}` : String(value),
    expected: 'numbers from 0 to 1 that sum to 1',
    fix: 'train it again, with --scale standard or other parameters; copy the report again where the file was damaged',
  });
}

/** Checks that all numbers of a head to be written or read are finite. @throws UserError naming the array or field */
export function checkSavedNumbers(saved: SavedHead, where: string): void {
  const refuse = (field: string, found: string): never => {
    throw new UserError({
      what: `the ${saved.model} head has parameters that are not numbers`,
      where: `${where}, ${field}`,
      found,
      expected: 'finite numbers',
      fix: 'train it again, with --scale standard or other parameters; copy the report again where the file was damaged',
    });
  };
  for (const [name, { data }] of Object.entries(saved.arrays)) {
    const at = data instanceof Float32Array || data instanceof Float64Array ? firstNonFinite(data) : -1;
    if (at >= 0) refuse(`array ${name}, number ${at}`, String(data[at]));
  }
  const look = (value: Json, field: string): void => {
    if (typeof value === 'number' && !Number.isFinite(value)) refuse(field, String(value));
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) look(inner as Json, `${field}.${name}`);
  };
  look(saved.params, 'params');
  look(saved.details, 'details');
}

/** The table restricted to the classes that have rows. @throws UserError if there is only one */
export function checkSeveralClasses<F extends RowSource>(table: Table<F>, model: string): PresentClasses<F> {
  const found = presentClasses(table);
  const { classes } = found.table;
  if (classes.length >= 2) return found;
  throw new UserError({
    what: `the ${model} head needs at least 2 classes`,
    where: 'training rows',
    found: `${classes.length}: ${classes.join(', ')}`,
    expected: 'rows of 2 classes or more',
  });
}

const lowerRate = '--lr lowers the learning rate; --scale standard brings the features to one scale';

/** @throws UserError if the training loss of an epoch is not finite */
export function checkLoss(loss: number, epoch: number, model: string, fix: string = lowerRate): void {
  if (Number.isFinite(loss)) return;
  throw new UserError({
    what: `the training of the ${model} head diverged`,
    found: `a loss of ${loss} in epoch ${epoch}`,
    fix,
  });
}

/** Checks the features of every prediction: as many columns as in the fit, all finite. */
export function checkFeatures(features: Matrix, dims: number, model: string): void {
  if (features.columnCount !== dims) {
    throw new UserError({
      what: `the ${model} head was fitted on other features`,
      found: `${features.columnCount} columns`,
      expected: `${dims}`,
      fix: 'use the feature set that the head was trained on, or train it again',
    });
  }
  checkFinite(features, (row, column) => `row ${row}, column ${column} of the rows given to the ${model} head`);
}

type ArrayKind = Float32ArrayConstructor | Float64ArrayConstructor | Int32ArrayConstructor | Uint8ArrayConstructor;

/**
 * Returns an array of a saved head after checking it.
 *
 * @param shape expected extents; null for any
 * @throws UserError naming the array if it is missing or of another type or shape
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
  const damaged = (found: string): UserError =>
    new UserError({ what: 'the saved head is damaged', where, found, expected });
  if (array === undefined) throw damaged('nothing');
  const fits =
    array.data instanceof kind &&
    array.shape.length === shape.length &&
    array.shape.every((extent, axis) => shape[axis] === null || shape[axis] === extent) &&
    array.data.length === array.shape.reduce((product, extent) => product * extent, 1);
  if (!fits) {
    throw damaged(`${array.data.constructor.name} of ${array.data.length} with shape [${array.shape.join(', ')}]`);
  }
  return array.data as InstanceType<K>;
}

/** @throws UserError if the solver of a saved head is unknown */
export function checkSolver(saved: SavedHead, solvers: readonly string[]): void {
  if (solvers.includes(saved.solver)) return;
  throw new UserError({
    what: `the saved ${saved.model} head was made by a solver that is not known here`,
    found: saved.solver,
    expected: solvers.join(' | '),
    fix: 'use the version of featuretap that saved it',
  });
}
