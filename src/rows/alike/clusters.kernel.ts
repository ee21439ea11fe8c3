/** Row that stands for the cluster of a row: the first one of it. Ways are halved as they are walked. */
function rootOf(parent: Int32Array, row: number): number {
  let at = row;
  while (parent[at] !== at) {
    parent[at] = parent[parent[at]];
    at = parent[at];
  }
  return at;
}

/**
 * Puts the clusters of each pair of rows together.
 *
 * @param parent of each row, itself at first; is changed
 * @param first and `second`, rows of each pair
 */
export function joinClose(parent: Int32Array, first: Int32Array, second: Int32Array): void {
  for (let i = 0; i < first.length; i++) {
    const [a, b] = [rootOf(parent, first[i]), rootOf(parent, second[i])];
    if (a < b) parent[b] = a;
    else parent[a] = b;
  }
}

/** Numbers the clusters in the order of their first rows. */
export function settle(parent: Int32Array): { readonly clusterOf: Int32Array; readonly sizes: Int32Array } {
  const clusterOf = new Int32Array(parent.length);
  const sizes: number[] = [];
  for (let row = 0; row < parent.length; row++) {
    const root = rootOf(parent, row);
    // The root of a cluster is its first row, so it has its number by now.
    clusterOf[row] = root === row ? sizes.push(0) - 1 : clusterOf[root];
    sizes[clusterOf[row]]++;
  }
  return { clusterOf, sizes: Int32Array.from(sizes) };
}
