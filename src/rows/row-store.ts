/** Rows on disk, numbered from 0: `read` reads their bytes, `decode` converts them to numbers. */
export interface RowStore {
  readonly rowCount: number;
  readonly columnCount: number;
  /** Stored size of a row. */
  readonly rowBytes: number;
  /** Its name in messages. */
  readonly where: string;
  /**
   * Fills `target` with whole rows from row `first` on.
   *
   * @throws UserError if the rows cannot be read or are damaged; InterruptedError if the signal is aborted while a file
   *   is verified
   */
  read(first: number, target: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** The end of the rows in the same file as this one (exclusive). */
  fileEnd(row: number): number;
  /** Stored rows to float32: `bytes.length / rowBytes` rows. */
  decode(bytes: Uint8Array, target: Float32Array): void;
  /** Closes open files; a later `read` opens them again. */
  close(): Promise<void>;
}

/** Bytes of float32 rows read at a time: few calls, each well under a second on any disk. */
const blockBytes = 2 << 20;
/** With fewer rows, matrix products are slower and their results depend on the number of threads. */
const fewestRows = 64;

/** Rows per block. Depends only on the shape, so that sums over blocks do not depend on the memory budget. */
export function rowsPerBlock(columnCount: number): number {
  return Math.max(fewestRows, Math.floor(blockBytes / (4 * columnCount)));
}
