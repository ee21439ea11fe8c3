import { closeSync, fstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeNpy, npyHeaderBytes, npyPrefixBytes, parseNpyHeader } from '../../../src/formats/npy/npy.ts';
import type { Matrix } from '../../../src/numerics/matrix.ts';
import { UserError } from '../../../src/system/errors.ts';

/** The files in one folder that both sides read. */
interface BenchData {
  readonly classCount: number;
  /** Class number per row of train.npy and test.npy. */
  readonly train: readonly number[];
  readonly test: readonly number[];
}

export function writeMatrix(folder: string, name: string, { data, rowCount, columnCount }: Matrix): void {
  writeFileSync(join(folder, name), encodeNpy(data, [rowCount, columnCount], 'float32'));
}

/** @throws UserError when the file is not float32 of two axes */
export function readMatrix(path: string): Matrix {
  const file = openSync(path, 'r');
  try {
    const prefix = new Uint8Array(npyPrefixBytes);
    readSync(file, prefix, 0, prefix.length, 0);
    const header = new Uint8Array(npyHeaderBytes(prefix, path));
    readSync(file, header, 0, header.length, 0);
    const { dtype, shape, dataOffset } = parseNpyHeader(header, fstatSync(file).size, path);
    const [rowCount, columnCount] = shape;
    if (dtype !== 'float32' || shape.length !== 2 || rowCount === undefined || columnCount === undefined) {
      throw new UserError({
        what: 'the bench needs a float32 matrix',
        where: path,
        found: `${dtype} of shape (${shape.join(', ')})`,
      });
    }
    const data = new Float32Array(rowCount * columnCount);
    const bytes = new Uint8Array(data.buffer);
    for (let start = 0; start < bytes.length; ) {
      start += readSync(file, bytes, start, Math.min(2 ** 28, bytes.length - start), dataOffset + start);
    }
    return { rowCount, columnCount, data };
  } finally {
    closeSync(file);
  }
}

export function writeLabels(folder: string, data: BenchData): void {
  writeFileSync(join(folder, 'labels.json'), JSON.stringify(data));
}

export function readLabels(folder: string): BenchData {
  return JSON.parse(readFileSync(join(folder, 'labels.json'), 'utf8'));
}
