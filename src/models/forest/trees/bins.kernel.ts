/** A bin number fits in one byte; about as many bins as in LightGBM and scikit-learn's histogram trees. */
export const maxBins = 256;

/** Digits of the radix sort: three passes of 11 bits cover a float32. */
const digitBits = 11;
const digitCount = 1 << digitBits;

/** Buffers for `binColumn`, allocated once per thread. */
export interface BinScratch {
  readonly keys: Uint32Array;
  readonly otherKeys: Uint32Array;
  readonly rows: Uint32Array;
  readonly otherRows: Uint32Array;
  readonly counts: Uint32Array;
}

export function createBinScratch(rowCount: number): BinScratch {
  return {
    keys: new Uint32Array(rowCount),
    otherKeys: new Uint32Array(rowCount),
    rows: new Uint32Array(rowCount),
    otherRows: new Uint32Array(rowCount),
    counts: new Uint32Array(3 * digitCount),
  };
}

/**
 * Sorts one column of finite values into at most 256 bins of about equally many rows; equal values share a bin, and
 * a column of at most 256 different values gets one bin for each.
 *
 * @param values [rows]; must be finite
 * @param bins [rows], out: the bin number of each row; bins ascend with the value
 * @param lows [256], out: the smallest value in each bin
 * @param highs [256], out: the largest value in each bin
 * @returns the number of bins used
 */
export function binColumn(
  values: Float32Array,
  scratch: BinScratch,
  bins: Uint8Array,
  lows: Float32Array,
  highs: Float32Array,
): number {
  const rowCount = values.length;
  const { keys, rows } = sortColumn(values, scratch);
  let uniqueCount = 1;
  for (let i = 1; i < rowCount; i++) if (keys[i] !== keys[i - 1]) uniqueCount++;

  const onePerValue = uniqueCount <= maxBins;
  let bin = -1;
  let inBin = 0;
  let rowsLeft = rowCount;
  for (let first = 0; first < rowCount; ) {
    let end = first + 1;
    while (end < rowCount && keys[end] === keys[first]) end++;
    const binsLeft = maxBins - bin - 1;
    // Remaining rows per remaining bin: after a very frequent value, the other bins stay fine.
    const share = binsLeft > 0 ? (rowsLeft + inBin) / (binsLeft + (inBin > 0 ? 1 : 0)) : Number.POSITIVE_INFINITY;
    const full = inBin > 0 && (inBin >= share || inBin + (end - first) / 2 > share);
    if (bin < 0 || onePerValue || (full && binsLeft > 0)) {
      bin++;
      inBin = 0;
      lows[bin] = values[rows[first]];
    }
    highs[bin] = values[rows[first]];
    for (let i = first; i < end; i++) bins[rows[i]] = bin;
    inBin += end - first;
    rowsLeft -= end - first;
    first = end;
  }
  return bin + 1;
}

/** Least-significant-digit radix sort by value; carries the row numbers along. */
function sortColumn(values: Float32Array, scratch: BinScratch): { keys: Uint32Array; rows: Uint32Array } {
  const rowCount = values.length;
  const { counts } = scratch;
  let { keys, otherKeys, rows, otherRows } = scratch;
  const bits = new Int32Array(values.buffer, values.byteOffset, rowCount);
  counts.fill(0);
  for (let row = 0; row < rowCount; row++) {
    const raw = bits[row];
    // Ascending floats become ascending unsigned integers; -0 counts as 0, as it does in a comparison.
    const key = raw === -0x8000_0000 ? 0x8000_0000 : (raw ^ ((raw >> 31) | -0x8000_0000)) >>> 0;
    keys[row] = key;
    rows[row] = row;
    counts[key & (digitCount - 1)]++;
    counts[digitCount + ((key >>> digitBits) & (digitCount - 1))]++;
    counts[2 * digitCount + (key >>> (2 * digitBits))]++;
  }
  for (let pass = 0; pass < 3; pass++) {
    const offset = pass * digitCount;
    const shift = pass * digitBits;
    const mask = digitCount - 1;
    // All rows have the same digit: already sorted.
    if (counts[offset + ((keys[0] >>> shift) & mask)] === rowCount) continue;
    let start = 0;
    for (let digit = 0; digit < digitCount; digit++) {
      const count = counts[offset + digit];
      counts[offset + digit] = start;
      start += count;
    }
    for (let i = 0; i < rowCount; i++) {
      const key = keys[i];
      const at = counts[offset + ((key >>> shift) & mask)]++;
      otherKeys[at] = key;
      otherRows[at] = rows[i];
    }
    [keys, otherKeys] = [otherKeys, keys];
    [rows, otherRows] = [otherRows, rows];
  }
  return { keys, rows };
}
