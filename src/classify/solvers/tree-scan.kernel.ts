import { maxBins } from './bins.kernel.ts';

/** Buffers of one node and one feature. */
export interface ScanScratch {
  /** Bins of the features being scanned, [features of a group][rows of the node]. */
  readonly groupBins: Uint8Array;
  /** [rows + 1] */
  readonly keys: Int32Array;
  readonly binStart: Int32Array;
  readonly nodeClass: Int32Array;
  readonly nodeWeight: Float64Array;
  /** Weight of each class on the side that has been scanned, and on the other; the two change places. */
  left: Float64Array;
  right: Float64Array;
  /** [1], the gain that `scanFeature` found; in an array to avoid an object per feature. */
  readonly found: Float64Array;
}

/** A sort key is a bin and a place in the node in one integer: eight bits above these. */
const rowBits = 22;
const rowMask = (1 << rowBits) - 1;

/** Rows that a tree takes at most, from the width of a sort key. */
export const maxTreeRows: number = 1 << rowBits;

/** Nodes of at most this many rows are sorted by insertion, which spares them the pass over all 256 bins. */
const fewRows = 48;

/**
 * Best cut of one feature at one node: the largest sum over the two sides of (sum of squared class weights) / (weight),
 * which orders cuts as the Gini impurity does. Each row moves from right to left once and changes both sums of squares
 * by its own class alone, so the cost does not grow with the number of classes.
 *
 * On entry `scratch.right` holds the node's class weights and `scratch.left` zeros, and so on return.
 *
 * @param start where the feature's bins start in `scratch.groupBins`
 * @param floor a cut must beat this
 * @param fractional weights are no whole numbers, so that rounding may leave something behind
 * @returns the last bin that goes left; -1 where no cut beats `floor`; -2 where the feature is constant here
 */
export function scanFeature(
  start: number,
  size: number,
  weightSum: number,
  squareSum: number,
  minLeaf: number,
  floor: number,
  fractional: boolean,
  scratch: ScanScratch,
): number {
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
  for (let i = 0; i < maxBins; i++) binStart[i] = 0;
  for (let i = 0; i < size; i++) binStart[bins[start + i]]++;
  let sum = 0;
  for (let i = 0; i < maxBins; i++) {
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
export function gatherColumn(
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
export function gatherRows(
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
