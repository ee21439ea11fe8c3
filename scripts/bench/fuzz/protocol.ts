/** Messages to and from the fuzzing thread. */
export interface FuzzOrder {
  readonly seed: number;
  /** Total number of inputs, distributed over the targets in turn. */
  readonly count: number;
  /** Only targets whose name contains this. */
  readonly only?: string;
  /** Number of the current input, for the watcher: [1] int32. */
  readonly progress: Int32Array<SharedArrayBuffer>;
}

/** An error of a reader. */
export interface Finding {
  readonly target: string;
  /** Number of the input: with the same seed it gives the same input. */
  readonly input: number;
  readonly problem: string;
  /** The input in base64. */
  readonly bytes: string;
}

export interface TargetCounts {
  accepted: number;
  refused: number;
  slowestMs: number;
}

export interface FuzzResult {
  readonly counts: Readonly<Record<string, TargetCounts>>;
  readonly findings: readonly Finding[];
}
