/**
 * `slotValues` is [classes, classes - 1, rows]: what the support vectors of a class add to each of its classifiers.
 * `pairValues` is [pairs, rows], pairs as (0,1), (0,2) … (1,2) …, positive for the lower class.
 */

/** Adds both classes' parts of every classifier and subtracts its rho. */
export function combineSlots(
  slotValues: Float32Array,
  rho: Float64Array,
  classCount: number,
  rowCount: number,
  out: Float32Array,
): void {
  const slots = classCount - 1;
  for (let low = 0, pair = 0; low < classCount; low++) {
    for (let high = low + 1; high < classCount; high++, pair++) {
      const lowAt = (low * slots + high - 1) * rowCount;
      const highAt = (high * slots + low) * rowCount;
      const to = pair * rowCount;
      const offset = rho[pair];
      for (let row = 0; row < rowCount; row++) {
        out[to + row] = slotValues[lowAt + row] + slotValues[highAt + row] - offset;
      }
    }
  }
}

/** Slot values of one class: coefficientsᵀ [slots, vectors] · kernel [vectors, rows]. */
export function addSlotProduct(
  coefficients: Float64Array,
  kernel: Float32Array,
  vectorCount: number,
  slots: number,
  rowCount: number,
  out: Float32Array,
): void {
  const sums = new Float64Array(rowCount);
  for (let slot = 0; slot < slots; slot++) {
    sums.fill(0);
    for (let vector = 0; vector < vectorCount; vector++) {
      const coefficient = coefficients[vector * slots + slot];
      if (coefficient === 0) continue;
      const from = vector * rowCount;
      for (let row = 0; row < rowCount; row++) sums[row] += coefficient * kernel[from + row];
    }
    for (let row = 0; row < rowCount; row++) out[slot * rowCount + row] = sums[row];
  }
}

/** Class with the most votes per row, the lowest among ties; a classifier above zero votes for its lower class. */
export function voteWinners(pairValues: Float32Array, classCount: number, rowCount: number): Int32Array {
  const votes = new Int32Array(classCount * rowCount);
  for (let low = 0, at = 0; low < classCount; low++) {
    for (let high = low + 1; high < classCount; high++) {
      const lowAt = low * rowCount;
      const highAt = high * rowCount;
      // Without a branch on the value, which is unpredictable.
      for (let row = 0; row < rowCount; row++, at++) {
        const forLow = pairValues[at] > 0 ? 1 : 0;
        votes[lowAt + row] += forLow;
        votes[highAt + row] += 1 - forLow;
      }
    }
  }
  const winners = new Int32Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    for (let c = 1; c < classCount; c++) {
      if (votes[c * rowCount + row] > votes[winners[row] * rowCount + row]) winners[row] = c;
    }
  }
  return winners;
}
