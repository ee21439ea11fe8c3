/** A dense row-major matrix: `data[row * columnCount + column]`; `data.length === rowCount * columnCount`. */
export interface Matrix {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly data: Float32Array;
}
