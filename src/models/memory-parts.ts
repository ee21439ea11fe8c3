import type { TailShape } from './finetune/network/tail.ts';

/** How large a fit is going to be: known before a row is read. */
export interface FitSize {
  /** Training rows, those of views among them. */
  readonly trainRows: number;
  readonly testRows: number;
  readonly dims: number;
  readonly classes: number;
  readonly threads: number;
  /** The rows stay on the disk. Default: they are in memory. */
  readonly stream?: boolean;
  /** The network behind the tap whose maps the rows are, where one is asked for. */
  readonly tail?: TailShape | undefined;
}

/** Something that a fit holds while it runs. */
export interface MemoryPart {
  /** `kernel matrix`: a few words for a message. */
  readonly what: string;
  readonly bytes: number;
}

export function totalBytes(parts: readonly MemoryPart[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Of several lists the one that comes to the most bytes. */
export function mostOf(lists: readonly (readonly MemoryPart[])[]): readonly MemoryPart[] {
  return lists.reduce((most, list) => (totalBytes(list) > totalBytes(most) ? list : most));
}
