import type { PixelSeconds } from './images/pipeline/pixel-result.ts';

/** Seconds by step. Reading, decoding and resizing are summed over threads; the others are elapsed time. */
export interface StepSeconds {
  readonly list: number;
  readonly read: number;
  readonly decode: number;
  readonly resize: number;
  readonly open: number;
  readonly backbone: number;
  readonly write: number;
  /** Elapsed time from the first to the last step. */
  readonly total: number;
}

type Step = 'list' | 'open' | 'backbone' | 'write';

/** Measures the time of a run by step. */
export class Stopwatch {
  readonly #started = performance.now();
  readonly #seconds = { list: 0, read: 0, decode: 0, resize: 0, open: 0, backbone: 0, write: 0 };

  async time<T>(step: Step, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      this.#seconds[step] += (performance.now() - started) / 1000;
    }
  }

  addPixels(seconds: PixelSeconds): void {
    this.#seconds.read += seconds.read;
    this.#seconds.decode += seconds.decode;
    this.#seconds.resize += seconds.resize;
  }

  stop(): StepSeconds {
    return { ...this.#seconds, total: (performance.now() - this.#started) / 1000 };
  }
}

/**
 * Share of each step in the processor time, largest first, assuming that the backbone keeps its threads busy.
 *
 * @param backboneThreads threads of a run of the network
 */
export function stepShares(seconds: StepSeconds, backboneThreads: number): readonly (readonly [string, number])[] {
  const { read, decode, resize, backbone, write } = seconds;
  const steps = Object.entries({ read, decode, resize, backbone: backbone * backboneThreads, write });
  const sum = steps.reduce((total, [, spent]) => total + spent, 0);
  return steps
    .map(([step, spent]): [string, number] => [step, sum === 0 ? 0 : spent / sum])
    .sort((a, b) => b[1] - a[1]);
}
