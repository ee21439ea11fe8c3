import { once } from 'node:events';
import type { WriteStream } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { UserError } from '../system/errors.ts';
import { fileReason } from '../system/file-reason.ts';
import { makeFolder } from '../system/make-folder.ts';

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
    lines = parse(await readFile(file), { bom: true }) as string[][];
  } catch (cause) {
    throw new UserError({
      what: 'the sample submission cannot be read',
      where: file,
      found: cause instanceof CsvError ? cause.message : fileReason(cause),
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

/**
 * Writes a Kaggle submission row by row: the id and one probability per class, each row summing to 1. The file gets
 * its name when it is whole; until then it is FILE.unfinished.
 */
export class SubmissionWriter {
  readonly #layout: SubmissionLayout;
  readonly #file: string;
  readonly #order: readonly number[];
  readonly #stream: WriteStream;
  readonly #done: Promise<void>;
  readonly #written = new Set<string>();

  /**
   * Starts FILE.unfinished, and its folder where there is none.
   *
   * @throws UserError when it cannot be written
   */
  static async open(file: string, layout: SubmissionLayout, classes: readonly string[]): Promise<SubmissionWriter> {
    try {
      await makeFolder(dirname(file));
      const handle = await open(`${file}.unfinished`, 'w');
      return new SubmissionWriter(file, handle.createWriteStream(), layout, classes);
    } catch (error) {
      throw unwritable(file, error);
    }
  }

  private constructor(file: string, stream: WriteStream, layout: SubmissionLayout, classes: readonly string[]) {
    this.#file = file;
    this.#layout = layout;
    const positions = new Map(classes.map((name, i) => [name, i]));
    this.#order = layout.columns.map((name) => positions.get(name) as number);
    this.#stream = stream;
    this.#done = finished(this.#stream);
    // Awaited in `finish`; a failure before that surfaces at the next write.
    this.#done.catch(() => {});
    this.#stream.write(stringify([[layout.idColumn, ...layout.columns]]));
  }

  /** @throws UserError when the id was written before: a contest takes one row per id */
  async append(id: string, probabilities: ArrayLike<number>): Promise<void> {
    if (this.#written.has(id)) {
      throw new UserError({
        what: 'two images have the same id',
        where: this.#file,
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
    try {
      if (!this.#stream.write(stringify([[id, ...cells]])))
        await Promise.race([once(this.#stream, 'drain'), this.#done]);
    } catch (error) {
      throw unwritable(this.#file, error);
    }
    if (this.#stream.errored !== null) throw unwritable(this.#file, this.#stream.errored);
  }

  /** Gives the file its name; returns the ids of the sample that no image had. */
  async finish(): Promise<readonly string[]> {
    this.#stream.end();
    try {
      await this.#done;
    } catch (error) {
      throw unwritable(this.#file, error);
    }
    await rename(`${this.#file}.unfinished`, this.#file);
    return [...(this.#layout.ids ?? [])].filter((id) => !this.#written.has(id));
  }

  async abandon(): Promise<void> {
    this.#stream.destroy();
    await this.#done.catch(() => {});
    await rm(`${this.#file}.unfinished`, { force: true });
  }
}

function unwritable(file: string, error: unknown): UserError {
  return new UserError({
    what: 'the submission cannot be written',
    where: file,
    found: fileReason(error),
    fix: '--submission FILE.csv in a folder that can be written',
    cause: error,
  });
}
