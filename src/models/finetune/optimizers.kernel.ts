interface StepRates {
  readonly rate: number;
  readonly decay: number;
}

/** One step of stochastic gradient descent with momentum, as torch.optim.SGD; `velocity` starts at 0. */
export function sgdStep(
  parameters: Float32Array,
  gradient: Float32Array,
  velocity: Float32Array,
  momentum: number,
  { rate, decay }: StepRates,
): void {
  for (let i = 0; i < parameters.length; i++) {
    const v = momentum * velocity[i] + gradient[i] + decay * parameters[i];
    velocity[i] = v;
    parameters[i] -= rate * v;
  }
}

/**
 * One step of AdamW (Loshchilov and Hutter, 2019), as torch.optim.AdamW with its default betas and epsilon.
 *
 * @param step counts from 1
 */
export function adamWStep(
  parameters: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  step: number,
  { rate, decay }: StepRates,
): void {
  const size = rate / (1 - 0.9 ** step);
  const root = 1 / Math.sqrt(1 - 0.999 ** step);
  const kept = 1 - rate * decay;
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i];
    const m = 0.9 * first[i] + 0.1 * g;
    const v = 0.999 * second[i] + 0.001 * g * g;
    first[i] = m;
    second[i] = v;
    parameters[i] = kept * parameters[i] - (size * m) / (Math.sqrt(v) * root + 1e-8);
  }
}
