import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createBinScratch, maxBins } from '../../../src/classify/solvers/bins.kernel.ts';
import { binColumns, type TreeInput } from '../../../src/classify/solvers/tree-input.kernel.ts';
import { createTreeScratch, drawBag, growTree, type Tree } from '../../../src/classify/solvers/trees.kernel.ts';

interface GoldenNode {
  readonly feature?: number;
  readonly threshold?: number;
  readonly leaf?: Readonly<Record<string, number>>;
}
interface GoldenTree {
  readonly seed: number;
  readonly tree: number;
  readonly bag: readonly number[];
  readonly limits: { readonly max_depth?: number; readonly min_samples_leaf?: number };
  readonly nodes: readonly GoldenNode[];
  readonly importances: readonly number[];
}
interface Golden {
  readonly features: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly classCount: number;
  readonly weights: readonly number[];
  readonly trees: readonly GoldenTree[];
  readonly weightedTrees: readonly GoldenTree[];
}
const golden: Golden = JSON.parse(
  readFileSync(new URL('../../fixtures/classify/forest.json', import.meta.url), 'utf8'),
).exact;

function inputFor(expected: GoldenTree, weights: Float64Array | null): TreeInput {
  const rowCount = golden.features.length;
  const dims = golden.features[0]!.length;
  const input: TreeInput = {
    bins: new Uint8Array(rowCount * dims),
    rowBins: new Uint8Array(rowCount * dims),
    lows: new Float32Array(maxBins * dims),
    highs: new Float32Array(maxBins * dims),
    rowCount,
    dims,
    labels: Int32Array.from(golden.labels),
    classCount: golden.classCount,
    weights,
    maxFeatures: dims,
    maxDepth: expected.limits.max_depth ?? Number.POSITIVE_INFINITY,
    minLeaf: expected.limits.min_samples_leaf ?? 1,
    seed: expected.seed,
  };
  const columns = Array.from({ length: dims }, (_, column) => golden.features.map((row) => row[column]!));
  binColumns(input, Float32Array.from(columns.flat()), 0, dims, createBinScratch(rowCount));
  return input;
}

/** Nodes in preorder, the order in which scikit-learn keeps them. */
function preorder(tree: Tree, node = 0): GoldenNode[] {
  if (tree.feature[node]! < 0) {
    const leaf: Record<string, number> = {};
    for (let at = tree.leafStart[tree.child[node]!]!; at < tree.leafStart[tree.child[node]! + 1]!; at++) {
      leaf[tree.leafClass[at]!] = tree.leafFraction[at]!;
    }
    return [{ leaf }];
  }
  const left = tree.child[node]!;
  const own = { feature: tree.feature[node]!, threshold: tree.threshold[node]! };
  return [own, ...preorder(tree, left), ...preorder(tree, left + 1)];
}

function checkTree(expected: GoldenTree, weights: Float64Array | null): void {
  const drawCount = new Int32Array(golden.labels.length);
  drawBag(expected.seed, expected.tree, drawCount);
  assert.deepEqual([...drawCount], expected.bag);
  const input = inputFor(expected, weights);
  const tree = growTree(input, expected.tree, createTreeScratch(input));
  const nodes = preorder(tree);
  assert.equal(nodes.length, expected.nodes.length);
  expected.nodes.forEach((node, i) => {
    const found = nodes[i]!;
    assert.equal(found.feature, node.feature, `feature of node ${i}`);
    if (node.threshold !== undefined)
      assert.equal(found.threshold, Math.fround(node.threshold), `threshold of node ${i}`);
    if (node.leaf === undefined) return;
    assert.deepEqual(Object.keys(found.leaf!), Object.keys(node.leaf), `classes of leaf ${i}`);
    for (const [label, share] of Object.entries(node.leaf)) assert.ok(Math.abs(found.leaf![label]! - share) < 1e-6);
  });
  expected.importances.forEach((share, column) => {
    assert.ok(Math.abs(tree.importance[column]! - share) < 1e-8, `importance of feature ${column}`);
  });
}

for (const expected of golden.trees) {
  test(`a tree has scikit-learn's nodes on the same bag: ${JSON.stringify(expected.limits)}, seed ${expected.seed}`, () => {
    checkTree(expected, null);
  });
}

for (const expected of golden.weightedTrees) {
  test(`a tree with sample weights, some of them 0, has scikit-learn's nodes: ${JSON.stringify(expected.limits)}`, () => {
    checkTree(expected, Float64Array.from(golden.weights));
  });
}

test('a tree does not depend on the trees that used the scratch before', () => {
  for (const weights of [null, Float64Array.from(golden.weights)]) {
    const input = { ...inputFor(golden.trees[2]!, weights), maxFeatures: 2, minLeaf: 1 };
    const used = createTreeScratch(input);
    const grown = [0, 1, 2].map((number) => growTree(input, number, used));
    assert.deepEqual(grown[2], growTree(input, 2, createTreeScratch(input)));
    assert.notDeepEqual(grown[1], grown[2]);
  }
});
