import { dirname } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { DurableFile, makeFolder } from '../system/durable.ts';
import { UserError } from '../system/errors.ts';
import { fileReason } from '../system/file-reason.ts';
import { nodeFiles, readText } from '../system/files.ts';

/** Column names of a submission: the id's, then one per class in the file's order; and the ids that it asks for. */
export interface SubmissionLayout {
  readonly idColumn: string;
  /** Class names in column order. */
  readonly columns: readonly string[];
  /** Absent without a sample. */
  readonly ids?: ReadonlySet<string>;
}

/** The layout where the user gives no sample: `id`, then the classes sorted by code point, as a head keeps them. */
export function plainLayout(classes: readonly string[]): SubmissionLayout {
  return { idColumn: 'id', columns: classes };
}

/**
 * The layout of a contest's sample submission.
 *
 * @throws UserError when its columns are not the head's classes
 */
export async function readSampleLayout(file: string, classes: readonly string[]): Promise<SubmissionLayout> {
  let lines: string[][];
  try {
    lines = parse(await readText(nodeFiles, file), { bom: true }) as string[][];
  } catch (cause) {
    throw new UserError({
      what: 'the sample submission cannot be read',
      where: file,
      found: cause instanceof CsvError ? cause.message : found(cause),
      expected: "the contest's sample_submission.csv: a header with the id and one column per class",
      cause,
    });
  }
  const [idColumn, ...columns] = lines[0] ?? [];
  const [known, wanted] = [new Set(classes), new Set(columns)];
  const lacking = classes.filter((name) => !wanted.has(name));
  const foreign = columns.filter((name) => !known.has(name));
  if (idColumn === undefined || lacking.length + foreign.length > 0 || wanted.size !== columns.length) {
    const name = (names: readonly string[]): string =>
      `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
    const said = [
      lacking.length > 0 ? `no column for ${lacking.length} of the head's classes (${name(lacking)})` : '',
      foreign.length > 0 ? `${foreign.length} columns that are no class of the head (${name(foreign)})` : '',
      wanted.size !== columns.length ? 'a column that occurs twice' : '',
    ];
    throw new UserError({
      what: "the sample submission's columns are not the head's classes",
      where: file,
      found: said.filter((part) => part !== '').join('; ') || 'no header',
      expected: `the id, then the ${classes.length} classes that the head was trained on`,
    });
  }
  return { idColumn, columns, ids: new Set(lines.slice(1).map((line) => line[0] as string)) };
}

function found(cause: unknown): string {
  return cause instanceof UserError ? (cause.parts.found ?? cause.parts.what) : fileReason(cause);
}

/** Rows are handed to the disk in pieces of this size. */
const pieceBytes = 64 * 1024;

/**
 * Writes a Kaggle submission row by row: the id and one probability per class, each row summing to 1. The file gets
 * its name when it is whole, and one process at a time writes it.
 */
export class SubmissionWriter {
  readonly #layout: SubmissionLayout;
  readonly #path: string;
  readonly #order: readonly number[];
  readonly #file: DurableFile;
  readonly #written = new Set<string>();
  #waiting: string;

  /**
   * Starts the file, and its folder where there is none.
   *
   * @throws UserError when it cannot be written, or when another process is writing it
   */
  static async open(file: string, layout: SubmissionLayout, classes: readonly string[]): Promise<SubmissionWriter> {
    await makeFolder(nodeFiles, dirname(file));
    const open = await DurableFile.open(nodeFiles, file, { aloneWithinMs: 0 });
    return new SubmissionWriter(file, open, layout, classes);
  }

  private constructor(path: string, file: DurableFile, layout: SubmissionLayout, classes: readonly string[]) {
    this.#path = path;
    this.#file = file;
    this.#layout = layout;
    const positions = new Map(classes.map((name, i) => [name, i]));
    this.#order = layout.columns.map((name) => positions.get(name) as number);
    this.#waiting = stringify([[layout.idColumn, ...layout.columns]]);
  }

  /** @throws UserError when the id was written before (a contest takes one row per id), or when the disk is full */
  async append(id: string, probabilities: ArrayLike<number>): Promise<void> {
    if (this.#written.has(id)) {
      throw new UserError({
        what: 'two images have the same id',
        where: this.#path,
        found: id,
        expected: 'one image per file name: the name without its extension is the id',
        fix: 'give one folder of test images',
      });
    }
    this.#written.add(id);
    let sum = 0;
    for (const c of this.#order) sum += probabilities[c] as number;
    // float32 probabilities sum to 1 within 1e-6; the row that is written does to the digits that are written.
    const cells = this.#order.map((c) => ((probabilities[c] as number) / sum).toPrecision(9));
    this.#waiting += stringify([[id, ...cells]]);
    if (this.#waiting.length >= pieceBytes) await this.#flush();
  }

  /** Gives the file its name; returns the ids of the sample that no image had. */
  async finish(): Promise<readonly string[]> {
    await this.#flush();
    await this.#file.finish();
    return [...(this.#layout.ids ?? [])].filter((id) => !this.#written.has(id));
  }

  /** Leaves no file behind. */
  abandon(): Promise<void> {
    return this.#file.discard();
  }

  async #flush(): Promise<void> {
    const piece = new TextEncoder().encode(this.#waiting);
    this.#waiting = '';
    await this.#file.write(piece);
  }
}
