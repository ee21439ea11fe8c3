import { growTo, runsModule, startModule } from '../../numerics/web-assembly.ts';
import { penalizedAdamStep } from './mlp.kernel.ts';
import { penalizedAdamModule } from './penalized-adam-wasm.ts';

/** A group of parameters optimized by Adam, and their gradient. */
export interface AdamGroup {
  readonly parameters: Float32Array;
  readonly gradient: Float32Array;
  /**
   * One optimizer step.
   *
   * @param penalty factor of the parameters added to the gradient; 0 for biases
   * @param step counts from 1
   */
  move(penalty: number, step: number, learningRate: number): void;
}

/** Parameter, gradient and two moments, in float32. */
const PARAMETER_BYTES = 16;
/** Largest WebAssembly memory, minus a page. */
const MOST_BYTES = 2 ** 32 - 65536;

/** The WebAssembly loop, or the plain one without WebAssembly SIMD (x64 before SSE 4.1) or enough memory. */
export function openAdam(count: number): AdamGroup {
  const fits = (count + 3) * PARAMETER_BYTES <= MOST_BYTES;
  return fits && runsModule(penalizedAdamModule) ? wasmAdam(count) : plainAdam(count);
}

/** The loop in WebAssembly SIMD (penalized-adam.wat), with bitwise equal results. */
export function wasmAdam(count: number): AdamGroup {
  const wasm = startModule<'step'>(penalizedAdamModule);
  // Padding parameters stay 0.
  const padded = Math.max(4, Math.ceil(count / 4) * 4);
  const gradientAt = 4 * padded;
  const firstAt = gradientAt + 4 * padded;
  const secondAt = firstAt + 4 * padded;
  growTo(wasm.memory, secondAt + 4 * padded);
  const { buffer } = wasm.memory;
  return {
    parameters: new Float32Array(buffer, 0, count),
    gradient: new Float32Array(buffer, gradientAt, count),
    move: (penalty, step, learningRate) => {
      wasm.step(padded, 0, gradientAt, firstAt, secondAt, penalty, stepSize(step, learningRate));
    },
  };
}

export function plainAdam(count: number): AdamGroup {
  const parameters = new Float32Array(count);
  const gradient = new Float32Array(count);
  const moments = { first: new Float32Array(count), second: new Float32Array(count) };
  return {
    parameters,
    gradient,
    move: (penalty, step, learningRate) =>
      penalizedAdamStep(parameters, gradient, penalty, moments, stepSize(step, learningRate)),
  };
}

/** Step size with the bias correction of the moments. */
function stepSize(step: number, learningRate: number): number {
  return (learningRate * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
}
