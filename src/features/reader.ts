import { resolve } from 'node:path';
import type { Matrix } from '../numerics/matrix.ts';
import { readRows } from '../rows/row-source.ts';
import type { RowStore } from '../rows/row-store.ts';
import { valueAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import { type Files, nodeFiles } from '../system/files.ts';
import { IndexTable } from './index/index-table.ts';
import { type LabelLine, parseLabelLines, splitsOf } from './index/labels.ts';
import { type Outcome, parseOutcomes } from './index/outcomes.ts';
import { indexFile, labelsFile, outcomesFile } from './manifest/layout.ts';
import { type Manifest, rowLength, rowsPerImage } from './manifest/manifest.ts';
import { readState, type SetState } from './manifest/state.ts';
import { noFeatureSet } from './run/no-feature-set.ts';
import { ShardStore } from './shards/shard-store.ts';

/** Inputs that have a label and a row, in the labels' order. */
export interface JoinedLabels {
  readonly ids: readonly string[];
  readonly labels: readonly string[];
  /** Row of each id in the shards; exact duplicates share one. [ids] */
  readonly rows: Uint32Array;
  readonly withoutRow: readonly string[];
}

/** A feature set opened for reading. Rows are numbered across the shards in the manifest's order. */
export class FeatureSet {
  /** Absolute path. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Numbers per row; for a feature map, of all positions. */
  readonly dims: number;
  /** Rows of one image: 1, and one more for each view. */
  readonly rowsPerImage: number;
  readonly #files: Files;
  readonly #index: IndexTable;
  readonly #state: SetState;
  readonly #checked = new Set<string>();
  #imageOfRow: Int32Array | undefined;
  #ids: readonly string[] | undefined;
  #paths: readonly string[] | undefined;
  #labelLines: readonly LabelLine[] | undefined;
  #labels: ReadonlyMap<string, string> | undefined;
  #outcomes: readonly Outcome[] | undefined;
  #duplicates: ReadonlyMap<string, number> | undefined;

  constructor(folder: string, state: SetState, files: Files) {
    this.folder = folder;
    this.manifest = state.manifest;
    this.dims = rowLength(state.manifest.rowShape);
    this.rowsPerImage = rowsPerImage(state.manifest.fields);
    this.#files = files;
    this.#state = state;
    const path = resolve(folder, indexFile);
    this.#index = new IndexTable(state.index, state.manifest.imageCount, this.rowsPerImage, path);
    const last = this.#index.rows.reduce((most, row) => Math.max(most, row), -1);
    if (last >= 0 && last + this.rowsPerImage > state.manifest.rowCount) {
      throw new UserError({
        what: 'an index names a row that is not there',
        where: path,
        found: `row ${last}`,
        expected: `rows below ${state.manifest.rowCount}, as manifest.json says`,
      });
    }
  }

  /** Images with a row of their own. */
  get imageCount(): number {
    return this.manifest.imageCount;
  }

  /** Row of each image, in the index's order. [imageCount] */
  get rows(): Uint32Array {
    return this.#index.rows;
  }

  /** Id of each image, in the index's order. [imageCount] */
  get ids(): readonly string[] {
    this.#ids ??= Array.from(this.rows, (_, image) => this.#index.at(image).id);
    return this.#ids;
  }

  /** Path of each image relative to the data folder, in the index's order. [imageCount] */
  get paths(): readonly string[] {
    this.#paths ??= Array.from(this.rows, (_, image) => this.#index.at(image).path);
    return this.#paths;
  }

  /** sha256 of the bytes of the given image's file; `image` counts in the index's order. */
  sha256Of(image: number): string {
    return this.#index.at(image).sha256;
  }

  /** The same by id; undefined for an input without a row of its own. */
  sha256OfId(id: string): string | undefined {
    const image = this.#index.find(id);
    return image === undefined ? undefined : this.sha256Of(image);
  }

  /** sha256 of the file of the image with the given plain row; throws for rows of views. */
  sha256OfRow(row: number): string {
    this.#imageOfRow ??= this.#imagesByRow();
    return this.sha256Of(valueAt(this.#imageOfRow, row));
  }

  #imagesByRow(): Int32Array {
    const images = new Int32Array(this.manifest.rowCount).fill(-1);
    this.rows.forEach((row, image) => {
      images[row] = image;
    });
    return images;
  }

  /** Label by id as found at extraction, in the data folder's order, including ids without a row. */
  get labels(): ReadonlyMap<string, string> {
    this.#labels ??= new Map(this.#lines().map(([id, label]) => [id, label]));
    return this.#labels;
  }

  /** Part of the data folder's own split by id: train, val or test; undefined if it has none. */
  get splits(): ReadonlyMap<string, string> | undefined {
    return splitsOf(this.#lines());
  }

  #lines(): readonly LabelLine[] {
    this.#labelLines ??= parseLabelLines(this.#state.labels, resolve(this.folder, labelsFile));
    return this.#labelLines;
  }

  /** Every input without a row of its own. */
  get outcomes(): readonly Outcome[] {
    this.#outcomes ??= parseOutcomes(this.#state.outcomes, resolve(this.folder, outcomesFile));
    return this.#outcomes;
  }

  /** Row of an id; for an exact duplicate, the row it shares. Undefined if it has none. */
  rowOf(id: string): number | undefined {
    const image = this.#index.find(id);
    if (image !== undefined) return this.rows[image];
    this.#duplicates ??= new Map(
      this.outcomes.flatMap((outcome) => (outcome.row === undefined ? [] : [[outcome.id, outcome.row] as const])),
    );
    return this.#duplicates.get(id);
  }

  /** Path relative to the data folder of an input that has a row. */
  pathOf(id: string): string | undefined {
    const image = this.#index.find(id);
    if (image !== undefined) return this.#index.at(image).path;
    return this.outcomes.find((outcome) => outcome.id === id && outcome.row !== undefined)?.path;
  }

  /**
   * Joins labels with rows by id, in the labels' order. The order of the rows does not matter, so splits of this table
   * equal scikit-learn's splits of the labels file.
   */
  labelled(labels: ReadonlyMap<string, string> = this.labels): JoinedLabels {
    const [ids, labelled, rows]: [string[], string[], number[]] = [[], [], []];
    const withoutRow: string[] = [];
    for (const [id, label] of labels) {
      const row = this.rowOf(id);
      if (row === undefined) {
        withoutRow.push(id);
        continue;
      }
      ids.push(id);
      labelled.push(label);
      rows.push(row);
    }
    return { ids, labels: labelled, rows: Uint32Array.from(rows), withoutRow };
  }

  /** Rows of the augmented views of the image with the given plain row; empty if the set has no views. */
  viewRows(row: number): readonly number[] {
    return Array.from({ length: this.rowsPerImage - 1 }, (_, view) => row + 1 + view);
  }

  /** The rows on disk, to be read in blocks. Each call returns a new store, which holds an open file. */
  rowStore(): RowStore {
    return new ShardStore(this.folder, this.manifest, this.#files, this.#checked);
  }

  /**
   * Reads rows as float32, in the order given, with repetitions. Each shard's sha256 is checked at its first use. Needs
   * memory for the result and one block of a shard.
   *
   * @param rows row numbers; default: every image's plain row, in the index's order
   * @returns shape [rows, dims]
   */
  async readMatrix(rows: ArrayLike<number> = this.rows): Promise<Matrix> {
    return readRows(this.rowStore(), rows);
  }
}

/**
 * Opens the current state of a feature set. Takes no lock; a concurrent writer does not affect readers.
 *
 * @throws UserError if there is none, or a file does not match the manifest
 */
export async function openFeatureSet(folder: string, files: Files = nodeFiles): Promise<FeatureSet> {
  const path = resolve(folder);
  const state = await readState(files, path);
  if (state !== undefined) return new FeatureSet(path, state, files);
  throw await noFeatureSet(files, path);
}
