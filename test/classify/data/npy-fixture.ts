import { readFileSync } from 'node:fs';
import { decodeNumbers, npyHeaderBytes, parseNpyHeader } from '../../../src/formats/npy/npy.ts';
import type { Matrix } from '../../../src/numerics/matrix.ts';

/** A matrix saved with NumPy by a fixture script, in test/fixtures/classify. */
export function matrixFixture(name: string): Matrix {
  const bytes = readFileSync(new URL(`../../fixtures/classify/${name}`, import.meta.url));
  const { dtype, shape, dataOffset } = parseNpyHeader(
    bytes.subarray(0, npyHeaderBytes(bytes, name)),
    bytes.length,
    name,
  );
  const [rowCount = 0, columnCount = 0] = shape;
  const data = new Float32Array(rowCount * columnCount);
  decodeNumbers(bytes.subarray(dataOffset), dtype, data);
  return { rowCount, columnCount, data };
}
