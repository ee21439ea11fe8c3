/** Position of the first number that is NaN or whose magnitude is above `limit`; -1 if there is none. */
export function firstBeyond(data: Float32Array, limit: number): number {
  for (let i = 0; i < data.length; i++) if (!(Math.abs(data[i]) <= limit)) return i;
  return -1;
}
