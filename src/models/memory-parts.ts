import type { TailShape } from './finetune/network/tail.ts';

/** Size of a fit, known before any row is read. */
export interface FitSize {
  /** Number of training rows, including views. */
  readonly trainRows: number;
  readonly testRows: number;
  readonly dims: number;
  readonly classes: number;
  readonly threads: number;
  /** Whether the rows stay on disk. Default: in memory. */
  readonly stream?: boolean;
  /** The layers after the tap, for a head that trains them. */
  readonly tail?: TailShape | undefined;
}

export interface MemoryPart {
  /** `kernel matrix`: a few words for a message. */
  readonly what: string;
  readonly bytes: number;
}

export function totalBytes(parts: readonly MemoryPart[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

export function mostOf(lists: readonly (readonly MemoryPart[])[]): readonly MemoryPart[] {
  return lists.reduce((most, list) => (totalBytes(list) > totalBytes(most) ? list : most));
}
