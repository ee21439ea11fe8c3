import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBinScratch, maxBins } from '../../../../src/models/forest/trees/bins.kernel.ts';
import { binColumns, type TreeInput } from '../../../../src/models/forest/trees/tree-input.kernel.ts';
import {
  type CutScan,
  featureGroup,
  laneStart,
  lanes,
  plainScan,
  smallNode,
} from '../../../../src/models/forest/trees/tree-scan.kernel.ts';
import { wasmScan } from '../../../../src/models/forest/trees/tree-scan.ts';
import { createTreeScratch, drawBag, growTree, type Tree } from '../../../../src/models/forest/trees/trees.kernel.ts';
import { type RandomState, randomState } from '../../../../src/numerics/mt19937.kernel.ts';
import { nextBelow, seedStream, shufflePart } from '../../../../src/numerics/xoshiro.kernel.ts';
import { jsonFixture } from '../../../reference.ts';

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
const golden = jsonFixture<{ readonly exact: Golden }>('classify/forest.json').exact;

/** Bins of [columns][rows] of values, and the other inputs of a tree. */
function binnedInput(
  columns: readonly (readonly number[])[],
  rest: Pick<TreeInput, 'labels' | 'classCount' | 'weights' | 'maxFeatures' | 'maxDepth' | 'minLeaf' | 'seed'>,
): TreeInput {
  const [dims, rowCount] = [columns.length, rest.labels.length];
  const input: TreeInput = {
    bins: new Uint8Array(rowCount * dims),
    rowBins: new Uint8Array(rowCount * dims),
    lows: new Float32Array(maxBins * dims),
    highs: new Float32Array(maxBins * dims),
    rowCount,
    dims,
    ...rest,
  };
  binColumns(input, Float32Array.from(columns.flat()), 0, dims, createBinScratch(rowCount));
  return input;
}

function inputFor(expected: GoldenTree, weights: Float64Array | null): TreeInput {
  const dims = golden.features[0]!.length;
  const columns = Array.from({ length: dims }, (_, column) => golden.features.map((row) => row[column]!));
  return binnedInput(columns, {
    labels: Int32Array.from(golden.labels),
    classCount: golden.classCount,
    weights,
    maxFeatures: dims,
    maxDepth: expected.limits.max_depth ?? Number.POSITIVE_INFINITY,
    minLeaf: expected.limits.min_samples_leaf ?? 1,
    seed: expected.seed,
  });
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
  const tree = growTree(input, expected.tree, createTreeScratch(input, wasmScan));
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

test('a tree does not depend on trees that used the same buffers before', () => {
  for (const weights of [null, Float64Array.from(golden.weights)]) {
    const input = { ...inputFor(golden.trees[2]!, weights), maxFeatures: 2, minLeaf: 1 };
    const used = createTreeScratch(input, wasmScan);
    const grown = [0, 1, 2].map((number) => growTree(input, number, used));
    assert.deepEqual(grown[2], growTree(input, 2, createTreeScratch(input, wasmScan)));
    assert.notDeepEqual(grown[1], grown[2]);
  }
});

function below(random: RandomState, bound: number): number {
  return Math.floor(random.double() * bound);
}

/** Many rows with few values per column, so that splits tie and columns are constant in small nodes. */
function drawnInput(rowCount: number, minLeaf: number, weighted: boolean): TreeInput {
  const random = randomState(rowCount);
  const labels = Int32Array.from({ length: rowCount }, () => below(random, 7));
  const weights = weighted ? Float64Array.from({ length: rowCount }, () => random.double()) : null;
  // Columns of 1, 1, 2, 3, 4 … different values, half of them in the lowest.
  const columns = Array.from({ length: 21 }, (_, column) =>
    Array.from({ length: rowCount }, () => Math.max(0, below(random, 1 + 2 * column) - column)),
  );
  const rest = { classCount: 7, maxFeatures: 19, maxDepth: Number.POSITIVE_INFINITY, minLeaf, seed: 3 };
  return binnedInput(columns, { labels, weights, ...rest });
}

for (const rowCount of [2, 3, 50, 257, 1500]) {
  for (const weighted of [false, true]) {
    test(`WebAssembly finds the JavaScript search's splits: ${rowCount} rows${weighted ? ' with weights' : ''}`, () => {
      for (const minLeaf of [1, 2, 9]) {
        const input = drawnInput(rowCount, minLeaf, weighted);
        const tree = growTree(input, 1, createTreeScratch(input, wasmScan));
        assert.deepEqual(tree, growTree(input, 1, createTreeScratch(input, plainScan)));
        assert.ok(tree.depth > 0 || rowCount < 50);
      }
    });
  }
}

test('WebAssembly sorts every feature of a group separately, for any number of rows', () => {
  for (let size = 2; size <= smallNode; size++) {
    const random = randomState(size);
    const scans: CutScan[] = [wasmScan(size, 1), plainScan(size, 1)];
    for (let feature = 0; feature < featureGroup; feature++) {
      for (let i = 0; i < size; i++) {
        const key = (below(random, 1 + 16 * feature) << 8) | i;
        for (const { fewKeys } of scans) fewKeys[laneStart(feature) + i * lanes] = key;
      }
    }
    for (const scan of scans) scan.sortFew(featureGroup, size);
    assert.deepEqual(scans[0]!.fewKeys, scans[1]!.fewKeys);
    const sorted = Array.from({ length: size }, (_, i) => scans[0]!.fewKeys[laneStart(13) + i * lanes]!);
    assert.deepEqual(
      sorted,
      sorted.slice().sort((a, b) => a - b),
    );
  }
});

test('a partial shuffle draws one random number per position', () => {
  const [state, other] = [seedStream(5, 2), seedStream(5, 2)];
  const order = Int32Array.from({ length: 37 }, (_, i) => i);
  const expected = order.slice();
  for (const [from, end] of [
    [0, 16],
    [16, 17],
    [17, 37],
    [0, 3],
  ] as const) {
    shufflePart(state, order, from, end);
    for (let place = from; place < end; place++) {
      const drawn = place + nextBelow(other, expected.length - place);
      [expected[place], expected[drawn]] = [expected[drawn]!, expected[place]!];
    }
    assert.deepEqual(order, expected);
    assert.deepEqual(state, other);
  }
});
