import { dirname } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { valueAt } from '../../system/at.ts';
import { DurableFile, makeFolder } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { nodeFiles } from '../../system/files.ts';
import type { Classification } from '../predict.ts';
import type { SubmissionColumn, SubmissionLayout } from './layout.ts';
import { checkOverwrite } from './overwrite.ts';
import { checkAllAnswered, SampleIds } from './sample-ids.ts';

/** Rows are written in chunks of this size. */
const pieceBytes = 64 * 1024;

/** What a row needs of an image. */
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
