export interface Moments {
  readonly first: Float64Array;
  readonly second: Float64Array;
}

/**
 * One step of Adam (Kingma and Ba, 2015, algorithm 1), like torch.optim.Adam with its default betas and epsilon.
 *
 * @param step counts from 1
 */
export function adamStep(
  parameters: Float32Array,
  gradient: Float64Array,
  gradientScale: number,
  moments: Moments,
  step: number,
  learningRate: number,
): void {
  const { first, second } = moments;
  const size = learningRate / (1 - 0.9 ** step);
  const root = Math.sqrt(1 - 0.999 ** step);
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i] * gradientScale;
    first[i] = 0.9 * first[i] + 0.1 * g;
    second[i] = 0.999 * second[i] + 0.001 * g * g;
    parameters[i] -= (size * first[i]) / (Math.sqrt(second[i]) / root + 1e-8);
  }
}
