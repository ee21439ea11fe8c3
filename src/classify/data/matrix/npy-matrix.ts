import { describeNpyMatrix, readNpyMatrix } from '../../../formats/npy/npy-file.ts';
import { readNpyLabels } from '../../../formats/npy/npy-labels.ts';
import { type NpzArray, readNpz } from '../../../formats/npz.ts';
import { npyStore } from '../../../rows/npy-store.ts';
import { RowReader } from '../../../rows/row-reader.ts';
import { storedRows, takeRows } from '../../../rows/row-source.ts';
import { valueAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import type { ExternalMatrix, RowNames } from './external-matrix.ts';

/** A matrix in an .npy file. Its rows stay on disk, unless it is in Fortran order, where rows are not contiguous. */
export async function openNpyMatrix(path: string): Promise<ExternalMatrix> {
  const described = await describeNpyMatrix(path);
  const { rowCount, columnCount, sha256 } = described;
  return {
    where: path,
    rowCount,
    columnCount,
    sha256,
    take: async (rows) =>
      described.fortranOrder
        ? takeRows(await readNpyMatrix(path), rows)
        : storedRows(new RowReader(npyStore(described)), rows),
  };
}

const featureNames = ['features', 'feature', 'x', 'x_train', 'embeddings', 'embedding', 'feats', 'data', 'arr_0'];
const labelNames = ['labels', 'label', 'y', 'y_train', 'targets', 'target', 'classes', 'arr_1'];
const idNames = ['ids', 'id', 'filenames', 'file_names', 'files', 'paths', 'names', 'keys'];

/**
 * A matrix in an .npz archive, with its labels and ids if arrays have such names.
 *
 * @param wanted the array to take: `X.npz:features`
 * @throws UserError that lists the arrays if the choice is ambiguous
 */
export async function openNpzMatrix(path: string, wanted?: string): Promise<ExternalMatrix> {
  const { arrays, sha256 } = await readNpz(path);
  const matrices = arrays.filter(({ header }) => header.shape.length >= 2 && valueAt(header.shape, 1) > 1);
  const array = chosenArray(path, arrays, matrices, featureNames, wanted);
  const { rowCount, columnCount, data } = await readNpyMatrix({ where: `${path}:${array.name}`, bytes: array.bytes });
  const ofRows = arrays.filter(({ header }) => isVector(header.shape) && header.shape[0] === rowCount);
  const labels = byName(ofRows, labelNames);
  const ids = byName(ofRows, idNames);
  const said = [
    ...(ids === undefined ? [] : [`id = ${ids.name}`]),
    ...(labels === undefined ? [] : [`label = ${labels.name}`]),
    `features = ${array.name} (${rowCount} x ${columnCount})`,
  ];
  const unused = arrays.filter((each) => each !== array && each !== labels && each !== ids).map(({ name }) => name);
  return {
    where: `${path}:${array.name}`,
    rowCount,
    columnCount,
    sha256,
    ids: ids === undefined ? undefined : (await namesOf(path, ids)).names,
    labels: labels === undefined ? undefined : await namesOf(path, labels),
    said: said.join(', ') + (unused.length === 0 ? '' : `; not used: ${unused.join(', ')}`),
    take: async (rows) => takeRows({ rowCount, columnCount, data }, rows),
  };
}

/** The labels of an .npz archive: the named array, or the one with such a name. */
export async function readNpzLabels(path: string, wanted?: string): Promise<RowNames> {
  const { arrays } = await readNpz(path);
  const vectors = arrays.filter(({ header }) => isVector(header.shape));
  const array = chosenArray(path, arrays, vectors, labelNames, wanted);
  return namesOf(path, array);
}

/** The array of the given name; if none is given, the candidate with a known name, or the only one. */
function chosenArray(
  path: string,
  arrays: readonly NpzArray[],
  candidates: readonly NpzArray[],
  names: readonly string[],
  wanted: string | undefined,
): NpzArray {
  const array =
    wanted === undefined
      ? (byName(candidates, names) ?? (candidates.length === 1 ? candidates[0] : undefined))
      : arrays.find(({ name }) => name === wanted);
  if (array !== undefined) return array;
  throw noSuchArray(
    path,
    arrays,
    wanted,
    candidates.map(({ name }) => name),
  );
}

function namesOf(path: string, { name, bytes }: NpzArray): Promise<RowNames> {
  return readNpyLabels({ where: `${path}:${name}`, bytes });
}

function byName(arrays: readonly NpzArray[], names: readonly string[]): NpzArray | undefined {
  for (const name of names) {
    const found = arrays.find((array) => array.name.toLowerCase() === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isVector(shape: readonly number[]): boolean {
  return shape.length === 1 || (shape.length === 2 && shape[1] === 1);
}

function noSuchArray(
  path: string,
  arrays: readonly NpzArray[],
  wanted: string | undefined,
  candidates: readonly string[],
): UserError {
  const listed = arrays.map(({ name, header }) => `${name} (${header.shape.join(' x ')}, ${header.type})`);
  const named = candidates.length === 0 ? arrays.map(({ name }) => name) : candidates;
  return new UserError({
    what: wanted === undefined ? 'cannot tell which array is meant' : `the archive holds no array ${wanted}`,
    where: path,
    found: listed.length === 0 ? 'no arrays' : listed.join(', '),
    fix: named.map((name) => `${path}:${name}`).join(' or '),
    exitCode: 2,
  });
}
