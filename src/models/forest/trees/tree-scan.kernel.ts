import { maxBins } from './bins.kernel.ts';

/** Features gathered and sorted at a time in small nodes. */
export const featureGroup = 16;

/**
 * Nodes of at most this many rows read row-major bins: reading a column would be a cache miss per row, while a row
 * serves a whole group of features. Bin and index in the node fit in a 16-bit key.
 */
export const smallNode = 256;

/** Features sorted in parallel: 16-bit keys in a 128-bit register. */
export const lanes = 8;

/** Keys of a small node are in panels of `lanes` features, [panels][smallNode][lanes]. */
export const panelKeys: number = smallNode * lanes;

/** Index bits in a key, below the bin's byte. */
export const fewBits = 8;
export const manyBits = 22;

/** Most rows of a tree, from the width of a sort key. */
export const maxTreeRows: number = 1 << manyBits;

/**
 * State of a node, and the search for its best cut by one feature: it maximizes the sum over both sides of (sum of
 * squared class weights) / (weight), equivalent to minimizing the Gini impurity. Each row moves from left to right
 * once, which only changes its own class's terms, so the cost does not depend on the number of classes. Rows move from
 * the highest bin down; those of the lowest bin, the zeros after a ReLU, never move.
 */
export interface CutScan {
  readonly nodeWeight: Float64Array;
  /** [rows of the node], index among the node's classes. */
  readonly nodeClass: Int32Array;
  /** [classes of the node, 2]: scratch, zero between scans, and twice the class weight. */
  readonly table: Float64Array;
  /** Bins of one feature in a large node. */
  readonly bins: Uint8Array;
  /** Keys of a group of features in a small node: bin, then index of the row; see `panelKeys`. */
  readonly fewKeys: Uint16Array;
  /** Sums over the node's classes, and their number. */
  weightSum: number;
  squareSum: number;
  classCount: number;
  gain: number;
  /** Sorts `fewKeys` of `featureCount` features; needs at least two rows. */
  sortFew(featureCount: number, size: number): void;
  /**
   * Best cut by one of the features sorted last.
   *
   * @param floor gain that a cut must exceed
   * @returns the last bin that goes left; -1 if no cut exceeds `floor`; -2 if the feature is constant in the node
   */
  cutFew(feature: number, size: number, minLeaf: number, floor: number): number;
  /** The same by the feature in `bins`. */
  cutMany(size: number, minLeaf: number, floor: number): number;
}

/** Among cuts that differ only by rounding, the lowest wins, as in an ascending scan. */
const asGood = 0.9999999999999;

/** The scan without WebAssembly. */
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

/** Offset of a feature's keys in its group, with stride `lanes`. */
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
    // The class's squared weight increases by w (2 moved + w) on the right, and decreases by w (2 total) minus that on
    // the left.
    const growth = weight * (moved + moved + weight);
    rightSquares += growth;
    leftSquares -= weight * table[entry + 1] - growth;
    right += weight;
    const next = keys[at - 1] >> shift;
    if (next === keys[at] >> shift || at < minLeaf || size - at < minLeaf) continue;
    // Compared as products, since a division per cut would dominate the cost.
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

/** Counting sort of many rows' keys: by bin, then by index in the node. */
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

/** Gathers the bins of one column for a node's rows. */
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

/** Gathers the keys of a group of features for a node's rows. The last panel is padded with the last feature. */
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
