import type { RowSource } from '../../../rows/row-source.ts';

/** Labels of the rows in order, and whether they are numbers, which sort by value. */
export interface RowNames {
  readonly names: readonly string[];
  readonly numeric: boolean;
}

/** A matrix that another program made, before its rows are read. */
export interface ForeignMatrix {
  /** What messages call it. */
  readonly where: string;
  readonly rowCount: number;
  readonly columnCount: number;
  /** Of what it is made of, lower-case hex. */
  readonly sha256: string;
  /** What each row is called, where the file says so. */
  readonly ids?: readonly string[] | undefined;
  /** Labels that came with it. */
  readonly labels?: RowNames | undefined;
  /** Values of another column of the same table. @throws UserError when there is no such column */
  readonly column?: (name: string) => readonly string[];
  /** How the file was read, for the user: `features = X (5 x 3), label = y`. */
  readonly said?: string;
  /** The chosen rows, in the order given. */
  take(rows: Uint32Array): Promise<RowSource>;
}

/** What the user says of a file that could be read in several ways. */
export interface MatrixOptions {
  readonly labelColumn?: string | undefined;
  readonly idColumn?: string | undefined;
}
