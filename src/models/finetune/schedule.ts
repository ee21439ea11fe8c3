/**
 * Learning rate schedule: linear warm-up, then cosine annealing to 0 (Loshchilov and Hutter, 2017, without restarts).
 */
interface Schedule {
  readonly steps: number;
  readonly warmupSteps: number;
}

/** A step's learning rate as a fraction of the maximum. @param step counts from 0 */
export function rateShare({ steps, warmupSteps }: Schedule, step: number): number {
  if (step < warmupSteps) return (step + 1) / warmupSteps;
  return 0.5 * (1 + Math.cos((Math.PI * (step - warmupSteps)) / (steps - warmupSteps)));
}
