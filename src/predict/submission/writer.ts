import { dirname } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { valueAt } from '../../system/at.ts';
import { DurableFile, makeFolder } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { nodeFiles } from '../../system/files.ts';
import type { Classification } from '../predict.ts';
import type { SubmissionColumn, SubmissionLayout } from './layout.ts';
import { checkOverwrite } from './overwrite.ts';

/** Rows are written in chunks of this size. */
const pieceBytes = 64 * 1024;

export interface SubmittedImage {
  /** File name without extension: the id without a sample. */
  readonly id: string;
  /** Path as the user would type it. */
  readonly relativePath: string;
}

/**
 * Writes a Kaggle submission row by row in the sample's layout; probabilities sum to 1. Written atomically, by one
 * process at a time.
 */
export class SubmissionWriter {
  readonly #layout: SubmissionLayout;
  readonly #path: string;
  readonly #classes: readonly string[];
  readonly #sample: SampleIds | undefined;
  readonly #file: DurableFile;
  readonly #written = new Set<string>();
  #foreign = 0;
  #waiting: string;

  /**
   * Starts the file, and its folder if there is none.
   *
   * @throws UserError if it cannot be written, another process is writing it, or it is another table
   */
  static async open(file: string, layout: SubmissionLayout, classes: readonly string[]): Promise<SubmissionWriter> {
    checkOverwrite(file, stringify([layout.header]), '--submission');
    await makeFolder(nodeFiles, dirname(file));
    const open = await DurableFile.open(nodeFiles, file, { aloneWithinMs: 0 });
    return new SubmissionWriter(file, open, layout, classes);
  }

  private constructor(path: string, file: DurableFile, layout: SubmissionLayout, classes: readonly string[]) {
    this.#path = path;
    this.#file = file;
    this.#layout = layout;
    this.#classes = classes;
    this.#sample = layout.ids === undefined ? undefined : new SampleIds(layout.ids);
    this.#waiting = stringify([layout.header]);
  }

  /** Number of images that are not in the sample. */
  get foreignCount(): number {
    return this.#foreign;
  }

  /** @throws UserError if the id was already written (a contest takes one row per id), or the disk is full */
  async append(image: SubmittedImage, answer: Classification): Promise<void> {
    const id = this.#sample === undefined ? image.id : this.#sample.idOf(image.relativePath);
    if (id === undefined) {
      this.#foreign++;
      return;
    }
    if (this.#written.has(id)) {
      throw new UserError({
        what: 'two images have the same id',
        where: this.#path,
        found: `${id}, the second time for ${image.relativePath}`,
        expected: 'one image per id: the file name, as the sample writes it, else without its extension',
        fix: 'give one folder of test images',
      });
    }
    this.#written.add(id);
    this.#waiting += stringify([this.#cells(id, answer)]);
    if (this.#waiting.length >= pieceBytes) await this.#flush();
  }

  /**
   * Completes the file.
   *
   * @param failed images that gave no answer, for the message
   * @throws UserError if an id of the sample has no row: the file is then not created
   */
  async finish(failed: readonly { readonly path: string; readonly reason: string }[] = []): Promise<void> {
    checkAllAnswered(this.#path, this.#layout.ids ?? [], this.#written, failed);
    await this.#flush();
    await this.#file.finish();
  }

  /** Leaves no file behind. */
  abandon(): Promise<void> {
    return this.#file.discard();
  }

  #cells(id: string, { probabilities, predicted }: Classification): readonly string[] {
    // float32 probabilities sum to 1 within 1e-6; written rows sum to 1 in the written digits.
    let sum = 0;
    for (let c = 0; c < probabilities.length; c++) sum += valueAt(probabilities, c);
    return this.#layout.columns.map((column: SubmissionColumn) => {
      if (column === 'id') return id;
      if (column === 'name') return valueAt(this.#classes, predicted);
      if (column === 'number') return String(predicted);
      return (valueAt(probabilities, column.classNumber) / sum).toPrecision(9);
    });
  }

  async #flush(): Promise<void> {
    const piece = new TextEncoder().encode(this.#waiting);
    this.#waiting = '';
    await this.#file.write(piece);
  }
}

/** A file extension of 2 to 4 letters or digits. */
const extension = /\.[A-Za-z][A-Za-z0-9]{1,3}$/;

/**
 * Finds the sample's id for an image's path: with or without folder, with or without extension. The longest match wins.
 */
export class SampleIds {
  readonly #exact = new Map<string, string>();
  /** Ids by name without extension; undefined if ambiguous. */
  readonly #stems = new Map<string, string | undefined>();

  constructor(ids: readonly string[]) {
    for (const id of ids) {
      const plain = plainPath(id);
      this.#exact.set(plain, id);
      const stem = plain.replace(extension, '');
      this.#stems.set(stem, this.#stems.has(stem) && this.#stems.get(stem) !== id ? undefined : id);
    }
  }

  /** The best matching id; undefined if none matches. */
  idOf(path: string): string | undefined {
    const parts = plainPath(path).split('/');
    for (let from = 0; from < parts.length; from++) {
      const tail = parts.slice(from).join('/');
      const stem = tail.replace(extension, '');
      const id = this.#exact.get(tail) ?? this.#exact.get(stem) ?? this.#stems.get(stem);
      if (id !== undefined) return id;
    }
    return undefined;
  }
}

/** @throws UserError listing up to ten ids without a row */
export function checkAllAnswered(
  file: string,
  ids: readonly string[],
  written: ReadonlySet<string>,
  failed: readonly { readonly path: string; readonly reason: string }[],
): void {
  const lacking = ids.filter((id) => !written.has(id));
  if (lacking.length === 0) return;
  const reasons = failed.slice(0, 3).map(({ path, reason }) => `${path}: ${reason}`);
  const more = lacking.length > 10 ? `, and ${lacking.length - 10} more` : '';
  throw new UserError({
    what: `${lacking.length} of the ${ids.length} ids of the sample submission have no image, and no file was written`,
    where: file,
    found: [`no row for ${lacking.slice(0, 10).join(', ')}${more}`, ...reasons].join('; '),
    expected: 'one image for each id',
    fix: 'name the folders of all test images; a contest refuses a submission that lacks rows',
  });
}

function plainPath(path: string): string {
  return path
    .trim()
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/)+/, '');
}
