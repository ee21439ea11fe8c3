/** Progress of a long task. The library emits these events; only the command line draws them. */
export interface ProgressEvent {
  readonly stage: string;
  readonly unit: 'images' | 'rows' | 'bytes' | 'steps';
  readonly done: number;
  /** Absent if unknown. */
  readonly total?: number | undefined;
}

export type OnProgress = (event: ProgressEvent) => void;
