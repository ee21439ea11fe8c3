import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { manifestFile } from '../../../features/manifest/layout.ts';
import { valueAt } from '../../../system/at.ts';
import { UserError, usageError } from '../../../system/errors.ts';
import { listIfThere, nodeFiles } from '../../../system/files.ts';
import { nearestName } from '../../../system/nearest.ts';
import type { ExternalMatrix, MatrixOptions } from './external-matrix.ts';
import { openNpyMatrix, openNpzMatrix } from './npy-matrix.ts';
import { openShardFolder } from './shard-folder.ts';
import { openCsvMatrix, openParquetMatrix } from './table-matrix.ts';

/** Path of a file and the name of an array in it: `X.npz:features`. */
interface MatrixPlace {
  readonly path: string;
  readonly name?: string;
}

/** Files listed in a message. */
const mostNamed = 6;

const kinds = /\.(npy|npz|parquet|csv|tsv)$/i;

/** Splits `X.npz:features`; a colon in the path itself stays. */
export function matrixPlace(given: string): MatrixPlace {
  const match = /^(.*\.(?:npz|parquet)):([^/\\]+)$/i.exec(given);
  if (match === null || existsSync(given)) return { path: given };
  return { path: valueAt(match, 1), name: valueAt(match, 2) };
}

/** Whether `--features` names a file or folder of another program, not a feature set. */
export async function isExternal(given: string): Promise<boolean> {
  if (kinds.test(matrixPlace(given).path)) return true;
  const names = await listIfThere(nodeFiles, given);
  return !names.includes(manifestFile) && names.some((name) => name === 'img_emb' || /\.npy$/i.test(name));
}

/**
 * Opens a matrix written by another program: .npy, .npz, .parquet, .csv or .tsv, or a folder of shards.
 *
 * @throws UserError if it cannot be read, or is ambiguous
 */
export async function openMatrix(given: string, options: MatrixOptions): Promise<ExternalMatrix> {
  const { path, name } = matrixPlace(given);
  if (!existsSync(path)) throw await noSuchMatrix(path);
  const kind = kinds.exec(path)?.[1]?.toLowerCase();
  if (kind !== 'parquet' && kind !== 'csv' && kind !== 'tsv' && !(await isFolder(path))) {
    for (const [option, column] of [
      ['--label-column', options.labelColumn],
      ['--id-column', options.idColumn],
    ] as const) {
      if (column !== undefined) throw usageError(option, `${column}, and ${path} has no columns`, 'a table');
    }
  }
  switch (kind) {
    case 'npy':
      return openNpyMatrix(path);
    case 'npz':
      return openNpzMatrix(path, name);
    case 'parquet':
      return openParquetMatrix(path, options, name);
    case 'csv':
    case 'tsv':
      return openCsvMatrix(path, options);
    default:
      return openShardFolder(path, options);
  }
}

async function noSuchMatrix(path: string): Promise<UserError> {
  const folder = dirname(path);
  const names = (await listIfThere(nodeFiles, folder)).filter((each) => kinds.test(each));
  const near = nearestName(basename(path), names);
  return new UserError({
    what: 'there is no such matrix of features',
    where: '--features',
    found: path,
    expected: `a file that is there${names.length === 0 ? '' : `: ${names.slice(0, mostNamed).join(', ')}`}`,
    instead: near && join(folder, near),
  });
}

async function isFolder(path: string): Promise<boolean> {
  return existsSync(path) && statSync(path).isDirectory();
}
