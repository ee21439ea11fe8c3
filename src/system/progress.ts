/** How far a long piece of work is. Libraries emit these; the command line alone draws them. */
export interface ProgressEvent {
  /** What is under way, as a heading: `extract`, `download resnet50`. */
  readonly stage: string;
  readonly unit: 'images' | 'rows' | 'bytes' | 'steps';
  readonly done: number;
  /** Absent if it is not known. */
  readonly total?: number | undefined;
}

export type OnProgress = (event: ProgressEvent) => void;
