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

/** Mean over tokens, in float64, rounded once: [tokens, length] -> `length` numbers of `out` from `to` on. */
export function meanTokens(tokens: Float32Array, length: number, out: Float32Array, to: number): void {
  const count = tokens.length / length;
  for (let i = 0; i < length; i++) {
    let sum = 0;
    for (let at = i; at < tokens.length; at += length) sum += tokens[at];
    out[to + i] = sum / count;
  }
}
