/** A dense row-major matrix: `data[row * columnCount + column]`; `data.length === rowCount * columnCount`. */
export interface Matrix {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly data: Float32Array;
}

/** Copies the chosen rows, in the order given, into a new matrix. Shape: [rows.length, columnCount]. */
export function takeRows(matrix: Matrix, rows: ArrayLike<number>): Matrix {
  const { columnCount } = matrix;
  const data = new Float32Array(rows.length * columnCount);
  for (let i = 0; i < rows.length; i++) {
    const start = (rows[i] as number) * columnCount;
    data.set(matrix.data.subarray(start, start + columnCount), i * columnCount);
  }
  return { rowCount: rows.length, columnCount, data };
}
