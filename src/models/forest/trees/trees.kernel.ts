import { nextBelow, seedStream, shufflePart } from '../../../numerics/xoshiro.kernel.ts';
import { maxBins } from './bins.kernel.ts';
import type { TreeInput } from './tree-input.kernel.ts';
import { type CutScan, featureGroup, gatherColumn, gatherRows, smallNode } from './tree-scan.kernel.ts';

/** Nodes and leaves of a tree, or of several. */
export interface TreeArrays {
  /** [nodes]; -1 for a leaf. */
  readonly feature: Int32Array;
  /** [nodes]; a row whose value is at most this goes left. */
  readonly threshold: Float32Array;
  /** [nodes]; the left child (the right one follows it), or for a leaf its leaf number. */
  readonly child: Int32Array;
  /** [leaves + 1]: where each leaf's entries start in `leafClass` and `leafFraction`. */
  readonly leafStart: Int32Array;
  /** [entries]: the classes seen in a leaf, ascending, and their share of its weight. */
  readonly leafClass: Int32Array;
  readonly leafFraction: Float32Array;
}

/** A grown tree. Node 0 is the root; the children of a node are adjacent. */
export interface Tree extends TreeArrays {
  /** [dims], sums to 1 unless the tree is a single leaf. */
  readonly importance: Float64Array;
  readonly depth: number;
}

interface TreeScratch extends TreeArrays {
  readonly scan: CutScan;
  /** In-bag rows; each node has a range, sorted ascending. */
  readonly rows: Int32Array;
  readonly otherRows: Int32Array;
  readonly drawCount: Int32Array;
  readonly features: Int32Array;
  /** Classes of the node, in order of first occurrence. */
  readonly touched: Int32Array;
  /** Index of each class in `touched`, or -1. */
  readonly localClass: Int32Array;
  readonly stack: Int32Array;
}

/** @param openScan creates the scan for a number of rows and of classes */
export function createTreeScratch(
  input: TreeInput,
  openScan: (rowCount: number, classCount: number) => CutScan,
): TreeScratch {
  const { rowCount, dims, classCount } = input;
  const nodeCount = 2 * rowCount + 1;
  return {
    rows: new Int32Array(rowCount),
    otherRows: new Int32Array(rowCount),
    drawCount: new Int32Array(rowCount),
    features: new Int32Array(dims),
    scan: openScan(rowCount, Math.min(rowCount, classCount)),
    touched: new Int32Array(classCount),
    localClass: new Int32Array(classCount).fill(-1),
    stack: new Int32Array(4 * (rowCount + 2)),
    feature: new Int32Array(nodeCount),
    threshold: new Float32Array(nodeCount),
    child: new Int32Array(nodeCount),
    leafStart: new Int32Array(rowCount + 2),
    leafClass: new Int32Array(rowCount),
    leafFraction: new Float32Array(rowCount),
  };
}

/** Bootstrap sample of one tree: how often each row is drawn. */
export function drawBag(seed: number, treeNumber: number, drawCount: Int32Array): Int32Array {
  const random = seedStream(seed, treeNumber);
  const rowCount = drawCount.length;
  drawCount.fill(0);
  for (let i = 0; i < rowCount; i++) drawCount[nextBelow(random, rowCount)]++;
  return random;
}

/**
 * Grows one CART tree by Gini impurity on a bootstrap sample, as scikit-learn's RandomForestClassifier does: at each
 * node, features are drawn without replacement, at least `maxFeatures` and until one is not constant in the node; the
 * best cut wins, the first among ties. Depends only on the input and the tree's number.
 */
export function growTree(input: TreeInput, treeNumber: number, scratch: TreeScratch): Tree {
  const { bins, lows, highs, rowCount, dims, labels, weights, maxFeatures, maxDepth, minLeaf } = input;
  const { scan, rows, otherRows, drawCount, features, touched, localClass, stack } = scratch;
  const { nodeClass, nodeWeight, table } = scan;
  const { feature, threshold, child, leafStart, leafClass, leafFraction } = scratch;
  const random = drawBag(input.seed, treeNumber, drawCount);
  for (let i = 0; i < dims; i++) features[i] = i;
  const importance = new Float64Array(dims);

  let bagSize = 0;
  for (let row = 0; row < rowCount; row++) {
    if (drawCount[row] > 0 && (weights === null || weights[row] > 0)) rows[bagSize++] = row;
  }
  // If all drawn rows have weight 0, the tree is the distribution of the whole table.
  const blind = bagSize === 0;
  if (blind) {
    for (let row = 0; row < rowCount; row++) if (weights === null || weights[row] > 0) rows[bagSize++] = row;
  }

  let nodeCount = 1;
  let leafCount = 0;
  let entryCount = 0;
  let depthReached = 0;
  // Per entry: node, first, end, depth.
  let stackSize = 0;
  stack[stackSize++] = 0;
  stack[stackSize++] = 0;
  stack[stackSize++] = bagSize;
  stack[stackSize++] = 0;

  while (stackSize > 0) {
    const depth = stack[--stackSize];
    const end = stack[--stackSize];
    const first = stack[--stackSize];
    const node = stack[--stackSize];
    const size = end - first;
    if (depth > depthReached) depthReached = depth;

    let touchedCount = 0;
    let weightSum = 0;
    for (let i = 0; i < size; i++) {
      const row = rows[first + i];
      const label = labels[row];
      const weight = (blind ? 1 : drawCount[row]) * (weights === null ? 1 : weights[row]);
      let local = localClass[label];
      if (local < 0) {
        local = touchedCount++;
        localClass[label] = local;
        touched[local] = label;
        table[2 * local + 1] = 0;
      }
      nodeClass[i] = local;
      nodeWeight[i] = weight;
      table[2 * local + 1] += 2 * weight;
      weightSum += weight;
    }
    let squareSum = 0;
    for (let i = 0; i < touchedCount; i++) squareSum += (table[2 * i + 1] * table[2 * i + 1]) / 4;

    let bestGain = 0;
    let bestFeature = -1;
    let bestBin = -1;
    if (!blind && touchedCount > 1 && depth < maxDepth && size >= 2 * minLeaf) {
      scan.weightSum = weightSum;
      scan.squareSum = squareSum;
      scan.classCount = touchedCount;
      const few = size <= smallNode;
      let visited = 0;
      let constantCount = 0;
      let drawnCount = 0;
      let groupStart = 0;
      // Constant features count as visited, but the search continues until one is not constant.
      while (visited < dims && (visited < maxFeatures || visited <= constantCount)) {
        if (visited === drawnCount) {
          groupStart = visited;
          const wanted = Math.min(few ? featureGroup : 1, dims - visited);
          drawnCount += wanted;
          shufflePart(random, features, visited, drawnCount);
          if (few) {
            gatherRows(input.rowBins, dims, features, visited, wanted, rows, first, size, scan.fewKeys);
            scan.sortFew(wanted, size);
          } else gatherColumn(bins, features[visited] * rowCount, rows, first, size, scan.bins);
        }
        const column = features[visited];
        const cut = few
          ? scan.cutFew(visited - groupStart, size, minLeaf, bestGain)
          : scan.cutMany(size, minLeaf, bestGain);
        visited++;
        if (cut === -2) constantCount++;
        if (cut >= 0) {
          bestGain = scan.gain;
          bestFeature = column;
          bestBin = cut;
          // Two pure children: no cut can be better, and ties go to the first.
          if (bestGain === weightSum) break;
        }
      }
    }

    if (bestFeature < 0) {
      feature[node] = -1;
      threshold[node] = 0;
      child[node] = leafCount;
      leafStart[leafCount++] = entryCount;
      if (touchedCount > 1) touched.subarray(0, touchedCount).sort();
      for (let i = 0; i < touchedCount; i++) {
        const label = touched[i];
        leafClass[entryCount] = label;
        leafFraction[entryCount++] = table[2 * localClass[label] + 1] / 2 / weightSum;
      }
      for (let i = 0; i < touchedCount; i++) localClass[touched[i]] = -1;
      continue;
    }
    for (let i = 0; i < touchedCount; i++) localClass[touched[i]] = -1;

    // Stable, so that rows stay ascending and the next gather reads forwards.
    const column = bestFeature * rowCount;
    let nextBin = maxBins;
    let lastBin = -1;
    let leftEnd = first;
    let rightCount = 0;
    for (let i = first; i < end; i++) {
      const row = rows[i];
      const bin = bins[column + row];
      if (bin <= bestBin) {
        if (bin > lastBin) lastBin = bin;
        rows[leftEnd++] = row;
      } else {
        if (bin < nextBin) nextBin = bin;
        otherRows[rightCount++] = row;
      }
    }
    rows.set(otherRows.subarray(0, rightCount), leftEnd);

    importance[bestFeature] += bestGain - squareSum / weightSum;
    feature[node] = bestFeature;
    threshold[node] = separate(highs[bestFeature * maxBins + lastBin], lows[bestFeature * maxBins + nextBin]);
    child[node] = nodeCount;
    stack[stackSize++] = nodeCount + 1;
    stack[stackSize++] = leftEnd;
    stack[stackSize++] = end;
    stack[stackSize++] = depth + 1;
    stack[stackSize++] = nodeCount;
    stack[stackSize++] = first;
    stack[stackSize++] = leftEnd;
    stack[stackSize++] = depth + 1;
    nodeCount += 2;
  }
  leafStart[leafCount] = entryCount;

  let importanceSum = 0;
  for (let i = 0; i < dims; i++) importanceSum += importance[i];
  if (importanceSum > 0) for (let i = 0; i < dims; i++) importance[i] /= importanceSum;
  return {
    feature: feature.slice(0, nodeCount),
    threshold: threshold.slice(0, nodeCount),
    child: child.slice(0, nodeCount),
    leafStart: leafStart.slice(0, leafCount + 1),
    leafClass: leafClass.slice(0, entryCount),
    leafFraction: leafFraction.slice(0, entryCount),
    importance,
    depth: depthReached,
  };
}

/** The float32 midpoint t of `low < high`, with low <= t < high. */
export function separate(low: number, high: number): number {
  const middle = Math.fround(low / 2 + high / 2);
  return middle >= low && middle < high ? middle : low;
}
