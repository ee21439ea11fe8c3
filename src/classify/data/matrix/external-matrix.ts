import type { RowSource } from '../../../rows/row-source.ts';

/** Labels of the rows in order, and whether they are numbers, which sort by value. */
export interface RowNames {
  readonly names: readonly string[];
  readonly numeric: boolean;
}

/** A matrix written by another program, before its rows are read. */
export interface ExternalMatrix {
  /** Its name in messages. */
  readonly where: string;
  readonly rowCount: number;
  readonly columnCount: number;
  /** sha256 of its files, lower-case hex. */
  readonly sha256: string;
  /** Id of each row, if the file has ids. */
  readonly ids?: readonly string[] | undefined;
  readonly labels?: RowNames | undefined;
  /** Values of another column of the table. @throws UserError if there is no such column */
  readonly column?: (name: string) => readonly string[];
  /** How the file was read, for display: `features = X (5 x 3), label = y`. */
  readonly said?: string;
  /** The chosen rows, in the order given. */
  take(rows: Uint32Array): Promise<RowSource>;
}

export interface MatrixOptions {
  readonly labelColumn?: string | undefined;
  readonly idColumn?: string | undefined;
}
