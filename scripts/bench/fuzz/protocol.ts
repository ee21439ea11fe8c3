/** What the fuzzing thread is told, and what it tells. */
export interface FuzzOrder {
  readonly seed: number;
  /** Inputs in all; they go round the targets. */
  readonly count: number;
  /** Only targets whose name holds this. */
  readonly only?: string;
  /** Number of the input under way, for the watcher: [1] int32. */
  readonly progress: Int32Array<SharedArrayBuffer>;
}

/** Something that a reader must not do. */
export interface Finding {
  readonly target: string;
  /** Number of the input: the same seed and number make it again. */
  readonly input: number;
  readonly problem: string;
  /** The input, base64. */
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
