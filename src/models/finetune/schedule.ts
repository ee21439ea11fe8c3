/** Rates of a run: a linear warm-up, then half a cosine down to 0 (Loshchilov and Hutter, 2017, without restarts). */
interface Schedule {
  readonly steps: number;
  readonly warmupSteps: number;
}

/** What a step's rate is of the largest one. @param step counts from 0 */
export function rateShare({ steps, warmupSteps }: Schedule, step: number): number {
  if (step < warmupSteps) return (step + 1) / warmupSteps;
  return 0.5 * (1 + Math.cos((Math.PI * (step - warmupSteps)) / (steps - warmupSteps)));
}
