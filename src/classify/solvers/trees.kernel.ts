import { type BinScratch, binColumn, maxBins } from './bins.kernel.ts';
import { nextBelow, seedStream } from './tree-random.kernel.ts';

/** What every tree of a forest is grown from. The typed arrays may lie in shared memory. */
export interface TreeInput {
  /** Column-major: `bins[column * rowCount + row]`. */
  readonly bins: Uint8Array;
  /** Row-major: `rowBins[row * dims + column]`, the same numbers: small nodes read these. */
  readonly rowBins: Uint8Array;
  /** [columns * 256]: smallest and largest training value of each bin. */
  readonly lows: Float32Array;
  readonly highs: Float32Array;
  readonly rowCount: number;
  readonly dims: number;
  /** Class number per row. */
  readonly labels: Int32Array;
  readonly classCount: number;
  /** Weight per row; null means 1 each. */
  readonly weights: Float64Array | null;
  /** Features drawn per split. */
  readonly maxFeatures: number;
  /** Splits from the root to a leaf at most; Infinity for no limit. */
  readonly maxDepth: number;
  /** Rows of a leaf at least, counting a row drawn twice once (scikit-learn's min_samples_leaf). */
  readonly minLeaf: number;
  readonly seed: number;
}

/** One grown tree. Node 0 is the root; the children of a node lie side by side. */
export interface Tree {
  /** [nodes]; -1 for a leaf. */
  readonly feature: Int32Array;
  /** [nodes]; a row whose value is at most this goes left. */
  readonly threshold: Float32Array;
  /** [nodes]; the left child (the right one follows it), or for a leaf its leaf number. */
  readonly child: Int32Array;
  /** [leaves + 1]: where each leaf's entries start in `leafClass` and `leafFraction`. */
  readonly leafStart: Int32Array;
  readonly leafClass: Int32Array;
  readonly leafFraction: Float32Array;
  /** [dims], sums to 1 unless the tree is a single leaf. */
  readonly importance: Float64Array;
  readonly depth: number;
}

export interface TreeScratch {
  /** In-bag rows; a node owns a range, ascending within it. */
  readonly rows: Int32Array;
  readonly otherRows: Int32Array;
  readonly drawCount: Int32Array;
  readonly features: Int32Array;
  readonly nodeClass: Int32Array;
  readonly nodeWeight: Float64Array;
  /** Bins of the features being scanned, [features of a group][rows of the node]. */
  readonly groupBins: Uint8Array;
  readonly keys: Int32Array;
  readonly binStart: Int32Array;
  left: Float64Array;
  right: Float64Array;
  readonly touched: Int32Array;
  readonly stack: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  readonly child: Int32Array;
  readonly leafStart: Int32Array;
  readonly leafClass: Int32Array;
  readonly leafFraction: Float32Array;
  /** [1], the gain that `scanFeature` found; in an array to avoid an object per feature. */
  readonly found: Float64Array;
}

export function createTreeScratch(input: TreeInput): TreeScratch {
  const { rowCount, dims, classCount } = input;
  const nodeCount = 2 * rowCount + 1;
  return {
    rows: new Int32Array(rowCount),
    otherRows: new Int32Array(rowCount),
    drawCount: new Int32Array(rowCount),
    features: new Int32Array(dims),
    nodeClass: new Int32Array(rowCount),
    nodeWeight: new Float64Array(rowCount),
    groupBins: new Uint8Array(Math.max(rowCount, featureGroup * smallNode)),
    keys: new Int32Array(rowCount + 1),
    binStart: new Int32Array(maxBins),
    left: new Float64Array(classCount),
    right: new Float64Array(classCount),
    touched: new Int32Array(classCount),
    stack: new Int32Array(4 * (rowCount + 2)),
    feature: new Int32Array(nodeCount),
    threshold: new Float32Array(nodeCount),
    child: new Int32Array(nodeCount),
    leafStart: new Int32Array(rowCount + 2),
    leafClass: new Int32Array(rowCount),
    leafFraction: new Float32Array(rowCount),
    found: new Float64Array(1),
  };
}

/**
 * Bins a block of columns into the input's shared arrays.
 *
 * @param stage column-major: [columnCount, rowCount]
 */
export function binColumns(
  input: TreeInput,
  stage: Float32Array,
  firstColumn: number,
  columnCount: number,
  scratch: BinScratch,
): void {
  const { bins, rowBins, lows, highs, rowCount, dims } = input;
  for (let i = 0; i < columnCount; i++) {
    const column = firstColumn + i;
    binColumn(
      stage.subarray(i * rowCount, (i + 1) * rowCount),
      scratch,
      bins.subarray(column * rowCount, (column + 1) * rowCount),
      lows.subarray(column * maxBins, (column + 1) * maxBins),
      highs.subarray(column * maxBins, (column + 1) * maxBins),
    );
  }
  for (let row = 0; row < rowCount; row++) {
    const at = row * dims + firstColumn;
    for (let i = 0; i < columnCount; i++) rowBins[at + i] = bins[(firstColumn + i) * rowCount + row];
  }
}

/** Features whose bins a small node gathers at a time. */
const featureGroup = 16;

/**
 * Nodes of at most this many rows read row-major bins. A column of a small node is one cache miss per row; the rows
 * themselves are short runs of memory that serve a whole group of features.
 */
const smallNode = 256;

/** A sort key is a bin and a place in the node in one integer: eight bits above these. */
const rowBits = 22;
const rowMask = (1 << rowBits) - 1;

/** Rows that a tree takes at most, from the width of a sort key. */
export const maxTreeRows: number = 1 << rowBits;

/** Nodes of at most this many rows are sorted by insertion, which spares them the pass over all 256 bins. */
const fewRows = 48;

/** How often each row is in the bag of one tree: as many draws with replacement as there are rows. */
export function drawBag(seed: number, treeNumber: number, drawCount: Int32Array): Int32Array {
  const random = seedStream(seed, treeNumber);
  const rowCount = drawCount.length;
  drawCount.fill(0);
  for (let i = 0; i < rowCount; i++) drawCount[nextBelow(random, rowCount)]++;
  return random;
}

/**
 * Grows one CART tree by Gini impurity on a bootstrap sample, as scikit-learn's RandomForestClassifier does: at each
 * node features are drawn without replacement, at least `maxFeatures` of them and on until one is not constant there;
 * the best cut between two neighbouring values wins, the first of equals. Depends on the input and the tree's number
 * alone, not on the trees that the scratch served before.
 */
export function growTree(input: TreeInput, treeNumber: number, scratch: TreeScratch): Tree {
  const { bins, lows, highs, rowCount, dims, labels, weights, maxFeatures, maxDepth, minLeaf } = input;
  const { rows, otherRows, drawCount, features, nodeClass, nodeWeight, touched, stack, found } = scratch;
  const { feature, threshold, child, leafStart, leafClass, leafFraction } = scratch;
  const random = drawBag(input.seed, treeNumber, drawCount);
  for (let i = 0; i < dims; i++) features[i] = i;
  const importance = new Float64Array(dims);

  let bagSize = 0;
  for (let row = 0; row < rowCount; row++) {
    if (drawCount[row] > 0 && (weights === null || weights[row] > 0)) rows[bagSize++] = row;
  }
  // Every drawn row weighs nothing: the tree knows no more than the whole table does.
  const blind = bagSize === 0;
  if (blind) {
    for (let row = 0; row < rowCount; row++) if (weights === null || weights[row] > 0) rows[bagSize++] = row;
  }

  const fractional = weights !== null;
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

    const total = scratch.right;
    let touchedCount = 0;
    let weightSum = 0;
    for (let i = 0; i < size; i++) {
      const row = rows[first + i];
      const label = labels[row];
      const weight = (blind ? 1 : drawCount[row]) * (weights === null ? 1 : weights[row]);
      nodeClass[i] = label;
      nodeWeight[i] = weight;
      if (total[label] === 0) touched[touchedCount++] = label;
      total[label] += weight;
      weightSum += weight;
    }
    let squareSum = 0;
    for (let i = 0; i < touchedCount; i++) squareSum += total[touched[i]] * total[touched[i]];

    let bestGain = 0;
    let bestFeature = -1;
    let bestBin = -1;
    if (!blind && touchedCount > 1 && depth < maxDepth && size >= 2 * minLeaf) {
      let visited = 0;
      let constantCount = 0;
      // Constant features count as visited, but the search goes on until one feature was not constant.
      let drawnCount = 0;
      const group = size <= smallNode ? featureGroup : 1;
      while (visited < dims && (visited < maxFeatures || visited <= constantCount)) {
        if (visited === drawnCount) {
          const groupEnd = Math.min(visited + group, dims);
          for (; drawnCount < groupEnd; drawnCount++) {
            const drawn = drawnCount + nextBelow(random, dims - drawnCount);
            const column = features[drawn];
            features[drawn] = features[drawnCount];
            features[drawnCount] = column;
          }
          if (group === 1) gatherColumn(bins, features[visited] * rowCount, rows, first, size, scratch.groupBins);
          else
            gatherRows(
              input.rowBins,
              dims,
              features,
              visited,
              groupEnd - visited,
              rows,
              first,
              size,
              scratch.groupBins,
            );
        }
        const column = features[visited];
        const start = group === 1 ? 0 : (visited % group) * size;
        visited++;
        const cut = scanFeature(start, size, weightSum, squareSum, minLeaf, bestGain, fractional, scratch);
        if (cut === -2) constantCount++;
        if (cut >= 0) {
          bestGain = found[0];
          bestFeature = column;
          bestBin = cut;
          // Two pure children: no cut can be better, and an equal one would come too late.
          if (bestGain === weightSum) break;
        }
      }
    }

    if (bestFeature < 0) {
      feature[node] = -1;
      threshold[node] = 0;
      child[node] = leafCount;
      leafStart[leafCount++] = entryCount;
      const classes = touched.subarray(0, touchedCount).sort();
      const counts = scratch.right;
      for (let i = 0; i < touchedCount; i++) {
        leafClass[entryCount] = classes[i];
        leafFraction[entryCount++] = counts[classes[i]] / weightSum;
      }
      for (let i = 0; i < touchedCount; i++) counts[touched[i]] = 0;
      continue;
    }
    for (let i = 0; i < touchedCount; i++) scratch.right[touched[i]] = 0;

    // Stable, so that rows stay ascending and the next gather walks the column forwards.
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

/** The float32 halfway between two float32 values, `low < high`, that still lies below `high`: low <= t < high. */
export function separate(low: number, high: number): number {
  const middle = Math.fround(low / 2 + high / 2);
  return middle >= low && middle < high ? middle : low;
}

/**
 * Best cut of one feature at one node: the largest sum over the two sides of (sum of squared class weights) / (weight),
 * which orders cuts as the Gini impurity does. Each row moves from right to left once and changes both sums of squares
 * by its own class alone, so the cost does not grow with the number of classes.
 *
 * On entry `scratch.right` holds the node's class weights and `scratch.left` zeros, and so on return.
 *
 * @returns the last bin that goes left; -1 where no cut beats `floor`; -2 where the feature is constant here
 */
function scanFeature(
  start: number,
  size: number,
  weightSum: number,
  squareSum: number,
  minLeaf: number,
  floor: number,
  fractional: boolean,
  scratch: TreeScratch,
): number {
  // One chain of rows per bin (1-based, 0 ends it) and a bit set of the bins in use: linear in the rows, not the bins.
  const { groupBins, keys, nodeClass, nodeWeight, left, right, found } = scratch;
  if (size <= fewRows) sortFew(groupBins, start, size, keys);
  else sortMany(groupBins, start, size, keys, scratch.binStart);
  if (keys[0] >> rowBits === keys[size - 1] >> rowBits) return -2;
  let best = floor;
  let bestBin = -1;
  let leftWeight = 0;
  let leftSquares = 0;
  let rightSquares = squareSum;
  const lastCut = size - minLeaf;
  for (let at = 0; at < size; at++) {
    const key = keys[at];
    const i = key & rowMask;
    const label = nodeClass[i];
    const weight = nodeWeight[i];
    const onLeft = left[label];
    const onRight = right[label];
    leftSquares += weight * (2 * onLeft + weight);
    rightSquares -= weight * (2 * onRight - weight);
    left[label] = onLeft + weight;
    right[label] = onRight - weight;
    leftWeight += weight;
    // Past the last row this reads a stale key, but no cut is allowed there.
    if (keys[at + 1] >> rowBits === key >> rowBits || at + 1 < minLeaf || at + 1 > lastCut) continue;
    // Compared as products: a division for every cut would cost more than the rest of the step.
    const rightWeight = weightSum - leftWeight;
    const numerator = leftSquares * rightWeight + rightSquares * leftWeight;
    const denominator = leftWeight * rightWeight;
    if (numerator > best * denominator) {
      best = numerator / denominator;
      bestBin = key >> rowBits;
    }
  }
  if (fractional) for (let i = 0; i < size; i++) right[nodeClass[i]] = 0;
  scratch.left = right;
  scratch.right = left;
  found[0] = best;
  return bestBin;
}

/** Keys of a few rows, sorted by insertion: bin, then place in the node. */
function sortFew(bins: Uint8Array, start: number, size: number, keys: Int32Array): void {
  keys[0] = bins[start] << rowBits;
  for (let i = 1; i < size; i++) {
    const key = (bins[start + i] << rowBits) | i;
    let at = i;
    while (at > 0 && keys[at - 1] > key) {
      keys[at] = keys[at - 1];
      at--;
    }
    keys[at] = key;
  }
}
/** The same for many rows, by counting. */
function sortMany(bins: Uint8Array, start: number, size: number, keys: Int32Array, binStart: Int32Array): void {
  for (let i = 0; i < 256; i++) binStart[i] = 0;
  for (let i = 0; i < size; i++) binStart[bins[start + i]]++;
  let sum = 0;
  for (let i = 0; i < 256; i++) {
    const count = binStart[i];
    binStart[i] = sum;
    sum += count;
  }
  for (let i = 0; i < size; i++) {
    const bin = bins[start + i];
    keys[binStart[bin]++] = (bin << rowBits) | i;
  }
}

/** Bins of one column at a node's rows. */
function gatherColumn(
  bins: Uint8Array,
  column: number,
  rows: Int32Array,
  first: number,
  size: number,
  out: Uint8Array,
): void {
  for (let i = 0; i < size; i++) out[i] = bins[column + rows[first + i]];
}

/** Bins of a group of features at a node's rows, [group, size]. */
function gatherRows(
  rowBins: Uint8Array,
  dims: number,
  features: Int32Array,
  firstFeature: number,
  group: number,
  rows: Int32Array,
  first: number,
  size: number,
  out: Uint8Array,
): void {
  for (let i = 0; i < size; i++) {
    const row = rows[first + i] * dims;
    for (let f = 0, at = i; f < group; f++, at += size) out[at] = rowBins[row + features[firstFeature + f]];
  }
}
