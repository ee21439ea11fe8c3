/** Root of a row's cluster, its first row, with path halving (union-find). */
function rootOf(parent: Int32Array, row: number): number {
  let at = row;
  while (parent[at] !== at) {
    parent[at] = parent[parent[at]];
    at = parent[at];
  }
  return at;
}

/** Merges the clusters of each pair of rows. @param parent of each row, initially itself; changed in place */
export function mergeClusters(parent: Int32Array, first: Int32Array, second: Int32Array): void {
  for (let i = 0; i < first.length; i++) {
    const [a, b] = [rootOf(parent, first[i]), rootOf(parent, second[i])];
    if (a < b) parent[b] = a;
    else parent[a] = b;
  }
}

/** Numbers the clusters in the order of their first rows. */
export function numberClusters(parent: Int32Array): { readonly clusterOf: Int32Array; readonly sizes: Int32Array } {
  const clusterOf = new Int32Array(parent.length);
  const sizes: number[] = [];
  for (let row = 0; row < parent.length; row++) {
    const root = rootOf(parent, row);
    // The root is the first row of its cluster, so it is already numbered.
    clusterOf[row] = root === row ? sizes.push(0) - 1 : clusterOf[root];
    sizes[clusterOf[row]]++;
  }
  return { clusterOf, sizes: Int32Array.from(sizes) };
}
