/** Stable argsort of whole numbers in [0, bound). */
export function risingOrder(values: ArrayLike<number>, bound: number): Uint32Array {
  const order = new Uint32Array(values.length);
  if (values.length * 16 < bound) {
    // For few values in a large range, counting would be slower.
    for (let i = 0; i < values.length; i++) order[i] = i;
    return order.sort((a, b) => values[a] - values[b] || a - b);
  }
  const starts = new Uint32Array(bound + 1);
  for (let i = 0; i < values.length; i++) starts[values[i] + 1]++;
  for (let value = 1; value <= bound; value++) starts[value] += starts[value - 1];
  for (let i = 0; i < values.length; i++) order[starts[values[i]]++] = i;
  return order;
}
