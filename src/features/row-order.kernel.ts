/** Places of the values in rising order, equal ones as they stand: a counting sort over [0, bound). */
export function risingOrder(values: ArrayLike<number>, bound: number): Uint32Array {
  const starts = new Uint32Array(bound + 1);
  for (let i = 0; i < values.length; i++) starts[values[i] + 1]++;
  for (let value = 1; value <= bound; value++) starts[value] += starts[value - 1];
  const order = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) order[starts[values[i]]++] = i;
  return order;
}
