import type { Tree, TreeArrays } from './trees.kernel.ts';

/** All trees of a forest concatenated; node and leaf numbers are global. */
export interface ForestArrays extends TreeArrays {
  /** [trees]: node number of each root. */
  readonly root: Int32Array;
}

export function joinTrees(trees: readonly Tree[]): ForestArrays {
  let nodeCount = 0;
  let leafCount = 0;
  let entryCount = 0;
  for (const tree of trees) {
    nodeCount += tree.feature.length;
    leafCount += tree.leafStart.length - 1;
    entryCount += tree.leafClass.length;
  }
  const forest: ForestArrays = {
    root: new Int32Array(trees.length),
    feature: new Int32Array(nodeCount),
    threshold: new Float32Array(nodeCount),
    child: new Int32Array(nodeCount),
    leafStart: new Int32Array(leafCount + 1),
    leafClass: new Int32Array(entryCount),
    leafFraction: new Float32Array(entryCount),
  };
  let node = 0;
  let leaf = 0;
  let entry = 0;
  for (let t = 0; t < trees.length; t++) {
    const tree = trees[t];
    forest.root[t] = node;
    forest.feature.set(tree.feature, node);
    forest.threshold.set(tree.threshold, node);
    forest.leafClass.set(tree.leafClass, entry);
    forest.leafFraction.set(tree.leafFraction, entry);
    for (let i = 0; i < tree.child.length; i++)
      forest.child[node + i] = tree.child[i] + (tree.feature[i] < 0 ? leaf : node);
    for (let i = 0; i < tree.leafStart.length - 1; i++) forest.leafStart[leaf + i] = tree.leafStart[i] + entry;
    node += tree.feature.length;
    leaf += tree.leafStart.length - 1;
    entry += tree.leafClass.length;
  }
  forest.leafStart[leafCount] = entryCount;
  return forest;
}

/**
 * Adds the leaf shares of each chosen row in each tree.
 *
 * @param features row-major, `dims` per row
 * @param rows the chosen rows; fastest in blocks that fit in the cache
 * @param sums [rows, classCount], added to
 * @param inBag per tree and row, non-zero if the tree must not vote for the row; null for none
 */
export function addLeafShares(
  forest: ForestArrays,
  features: Float32Array,
  dims: number,
  rows: Int32Array,
  classCount: number,
  sums: Float64Array,
  inBag: readonly Uint8Array[] | null,
  treeCounts: Int32Array,
): void {
  const { root, feature, threshold, child, leafStart, leafClass, leafFraction } = forest;
  for (let tree = 0; tree < root.length; tree++) {
    const bag = inBag === null ? null : inBag[tree];
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      if (bag !== null && bag[row] !== 0) continue;
      const start = row * dims;
      let node = root[tree];
      for (let column = feature[node]; column >= 0; column = feature[node]) {
        node = features[start + column] <= threshold[node] ? child[node] : child[node] + 1;
      }
      const leaf = child[node];
      const sumStart = i * classCount;
      for (let entry = leafStart[leaf]; entry < leafStart[leaf + 1]; entry++) {
        sums[sumStart + leafClass[entry]] += leafFraction[entry];
      }
      treeCounts[i]++;
    }
  }
}
