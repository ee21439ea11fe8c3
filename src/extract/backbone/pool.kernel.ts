/**
 * Mean over the spatial positions of each channel, in float64, rounded once: [rows, channels, positions] -> [rows, channels].
 * PyTorch's AdaptiveAvgPool2d(1) followed by flatten.
 */
export function meanPool(map: Float32Array, rowCount: number, channels: number, positions: number): Float32Array {
  const out = new Float32Array(rowCount * channels);
  for (let c = 0, at = 0; c < out.length; c++) {
    let sum = 0;
    for (const end = at + positions; at < end; at++) sum += map[at];
    out[c] = sum / positions;
  }
  return out;
}

/** Largest value over the spatial positions of each channel: [rows, channels, positions] -> [rows, channels]. */
export function maxPool(map: Float32Array, rowCount: number, channels: number, positions: number): Float32Array {
  const out = new Float32Array(rowCount * channels);
  for (let c = 0, at = 0; c < out.length; c++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (const end = at + positions; at < end; at++) if (map[at] > largest) largest = map[at];
    out[c] = largest;
  }
  return out;
}
