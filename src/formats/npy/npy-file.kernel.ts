/** Puts numbers of a Fortran-order matrix, from position `at` on, where C order has them: [rows, columns]. */
export function spread(numbers: Float32Array, at: number, rows: number, columns: number, data: Float32Array): void {
  let column = Math.floor(at / rows);
  let row = at % rows;
  for (let i = 0; i < numbers.length; i++) {
    data[row * columns + column] = numbers[i];
    if (++row === rows) {
      row = 0;
      column++;
    }
  }
}
