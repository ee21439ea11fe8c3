import { maxBins } from './bins.kernel.ts';

/** Features whose bins a small node gathers and sorts at a time. */
export const featureGroup = 16;

/**
 * Nodes of at most this many rows read row-major bins. A column of a small node is one cache miss per row; the rows
 * themselves are short runs of memory that serve a whole group of features. With a byte of bin their places fit the
 * 16 bits of a key.
 */
export const smallNode = 256;

/** Features that are sorted side by side: 16-bit keys in one 128-bit register. */
export const lanes = 8;

/** Keys of a small node lie in panels of `lanes` features, [panels][smallNode][lanes]. */
export const panelKeys: number = smallNode * lanes;

/** Bits of place in a key, a byte of bin above them. */
export const fewBits = 8;
export const manyBits = 22;

/** Rows that a tree takes at most, from the width of a sort key. */
export const maxTreeRows: number = 1 << manyBits;

/**
 * What is known of a node, and the search for the best cut of one feature there: the largest sum over the two sides of
 * (sum of squared class weights) / (weight), which orders cuts as the Gini impurity does. Each row moves from left to
 * right once and changes both sums of squares by its own class alone, so the cost does not grow with the number of
 * classes. Rows move from the highest bin down, and the rows of the lowest never do: those are the zeros of features
 * that a ReLU made.
 */
export interface CutScan {
  /** [rows of the node] */
  readonly nodeWeight: Float64Array;
  /** [rows of the node], a number among the classes of the node. */
  readonly nodeClass: Int32Array;
  /** [classes of the node, 2]: the scan's own, zero between scans, and twice the weight of the class. */
  readonly table: Float64Array;
  /** Bins of one feature at a node of many rows. */
  readonly bins: Uint8Array;
  /** Bins of a group of features at a node of few rows, each above the place of its row: see `panelKeys`. */
  readonly fewKeys: Uint16Array;
  /** The sums over the node's classes, and how many they are. */
  weightSum: number;
  squareSum: number;
  classCount: number;
  /** The gain of the last cut that was found. */
  gain: number;
  /** Sorts `fewKeys` of so many features; at least two rows. */
  sortFew(featureCount: number, size: number): void;
  /**
   * The best cut of one of the features that were sorted last.
   *
   * @param floor a cut must beat this
   * @returns the last bin that goes left; -1 if no cut beats `floor`; -2 where the feature is constant here
   */
  cutFew(feature: number, size: number, minLeaf: number, floor: number): number;
  /** The same for the feature in `bins`. */
  cutMany(size: number, minLeaf: number, floor: number): number;
}

/** Of two cuts that differ by rounding alone the lower wins, as the first does in a scan from below. */
const asGood = 0.9999999999999;

/**
 * The search without WebAssembly.
 *
 * @param rowCount rows of the largest node
 * @param classCount classes of the largest node
 */
export function plainScan(rowCount: number, classCount: number): CutScan {
  const keys = new Int32Array(rowCount);
  const starts = new Int32Array(maxBins);
  const sorted = new Int32Array(smallNode);
  return {
    nodeWeight: new Float64Array(rowCount),
    nodeClass: new Int32Array(rowCount),
    table: new Float64Array(2 * classCount),
    bins: new Uint8Array(rowCount),
    fewKeys: new Uint16Array((featureGroup / lanes) * panelKeys),
    weightSum: 0,
    squareSum: 0,
    classCount: 0,
    gain: 0,
    sortFew(featureCount, size) {
      for (let feature = 0; feature < featureCount; feature++) sortLane(this.fewKeys, laneStart(feature), size);
    },
    cutFew(feature, size, minLeaf, floor) {
      const start = laneStart(feature);
      for (let i = 0; i < size; i++) sorted[i] = this.fewKeys[start + i * lanes];
      return scanCuts(this, sorted, fewBits, size, minLeaf, floor);
    },
    cutMany(size, minLeaf, floor) {
      sortMany(this.bins, size, keys, starts);
      return scanCuts(this, keys, manyBits, size, minLeaf, floor);
    },
  };
}

/** Where the keys of a feature of the group start, `lanes` apart. */
export function laneStart(feature: number): number {
  return ((feature / lanes) | 0) * panelKeys + (feature & (lanes - 1));
}

function scanCuts(
  scan: CutScan,
  keys: Int32Array,
  shift: number,
  size: number,
  minLeaf: number,
  floor: number,
): number {
  const { nodeWeight, nodeClass, table, weightSum } = scan;
  const placeMask = (1 << shift) - 1;
  const firstBin = keys[0] >> shift;
  let bar = floor;
  let bestBin = -1;
  let right = 0;
  let rightSquares = 0;
  let leftSquares = scan.squareSum;
  let at = size - 1;
  if (keys[at] >> shift === firstBin) return -2;
  for (; keys[at] >> shift !== firstBin; at--) {
    const place = keys[at] & placeMask;
    const weight = nodeWeight[place];
    const entry = 2 * nodeClass[place];
    const moved = table[entry];
    table[entry] = moved + weight;
    // The class's weight squared grows by w (2 moved + w) on the right, and on the left falls by w (2 total) less that.
    const growth = weight * (moved + moved + weight);
    rightSquares += growth;
    leftSquares -= weight * table[entry + 1] - growth;
    right += weight;
    const next = keys[at - 1] >> shift;
    if (next === keys[at] >> shift || at < minLeaf || size - at < minLeaf) continue;
    // Compared as products: a division for every cut would cost more than the rest of the step.
    const left = weightSum - right;
    const numerator = rightSquares * left + leftSquares * right;
    const denominator = left * right;
    if (numerator > bar * denominator && left > 0) {
      scan.gain = numerator / denominator;
      bar = scan.gain * asGood;
      bestBin = next;
    }
  }
  for (let i = 0; i < scan.classCount; i++) table[2 * i] = 0;
  return bestBin;
}

/** Sorts the keys of one feature by insertion. */
function sortLane(keys: Uint16Array, start: number, size: number): void {
  for (let i = 1; i < size; i++) {
    const key = keys[start + i * lanes];
    let at = start + i * lanes;
    while (at > start && keys[at - lanes] > key) {
      keys[at] = keys[at - lanes];
      at -= lanes;
    }
    keys[at] = key;
  }
}

/** Keys of many rows by counting: bin, then place in the node. */
function sortMany(bins: Uint8Array, size: number, keys: Int32Array, starts: Int32Array): void {
  for (let i = 0; i < maxBins; i++) starts[i] = 0;
  for (let i = 0; i < size; i++) starts[bins[i]]++;
  let sum = 0;
  for (let i = 0; i < maxBins; i++) {
    const count = starts[i];
    starts[i] = sum;
    sum += count;
  }
  for (let i = 0; i < size; i++) keys[starts[bins[i]]++] = (bins[i] << manyBits) | i;
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

/**
 * Keys of a group of features at a node's rows: a bin above the place of its row. The last panel is filled up with the
 * last feature.
 */
export function gatherRows(
  rowBins: Uint8Array,
  dims: number,
  features: Int32Array,
  firstFeature: number,
  featureCount: number,
  rows: Int32Array,
  first: number,
  size: number,
  out: Uint16Array,
): void {
  const last = firstFeature + featureCount - 1;
  for (let from = 0; from < featureCount; from += lanes) {
    const feature = firstFeature + from;
    const c0 = features[feature];
    const c1 = features[Math.min(feature + 1, last)];
    const c2 = features[Math.min(feature + 2, last)];
    const c3 = features[Math.min(feature + 3, last)];
    const c4 = features[Math.min(feature + 4, last)];
    const c5 = features[Math.min(feature + 5, last)];
    const c6 = features[Math.min(feature + 6, last)];
    const c7 = features[Math.min(feature + 7, last)];
    for (let i = 0, at = laneStart(from); i < size; i++, at += lanes) {
      const row = rows[first + i] * dims;
      out[at] = (rowBins[row + c0] << fewBits) | i;
      out[at + 1] = (rowBins[row + c1] << fewBits) | i;
      out[at + 2] = (rowBins[row + c2] << fewBits) | i;
      out[at + 3] = (rowBins[row + c3] << fewBits) | i;
      out[at + 4] = (rowBins[row + c4] << fewBits) | i;
      out[at + 5] = (rowBins[row + c5] << fewBits) | i;
      out[at + 6] = (rowBins[row + c6] << fewBits) | i;
      out[at + 7] = (rowBins[row + c7] << fewBits) | i;
    }
  }
}
