/** Rows on a disk, numbered from 0: `read` brings them as they are stored, `decode` makes numbers of them. */
export interface RowStore {
  readonly rowCount: number;
  readonly columnCount: number;
  /** Of one row as it is stored. */
  readonly rowBytes: number;
  /** What a message calls the place. */
  readonly where: string;
  /**
   * Fills `target`, whole rows, from row `first` on.
   *
   * @throws UserError when the rows cannot be read, or are not what was written; InterruptedError when the signal is
   * aborted while a file is checked
   */
  read(first: number, target: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** The row after the last one that lies in the same file as this one. */
  fileEnd(row: number): number;
  /** Stored rows to float32: `bytes.length / rowBytes` rows. */
  decode(bytes: Uint8Array, target: Float32Array): void;
  /** Lets go of open files; a later `read` opens them again. */
  close(): Promise<void>;
}

/** Bytes of float32 rows that are read at a time: few calls, and a fraction of a second of any disk. */
const blockBytes = 2 << 20;
/** Fewer rows would cost a matrix product its speed, and ONNX Runtime its independence of the number of threads. */
const fewestRows = 64;

/** Rows of a block: it depends on the shape alone, so that what is summed block by block does not depend on a budget. */
export function rowsPerBlock(columnCount: number): number {
  return Math.max(fewestRows, Math.floor(blockBytes / (4 * columnCount)));
}
