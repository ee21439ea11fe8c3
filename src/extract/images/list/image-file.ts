import type { ArchiveEntry } from '../../../formats/archive/entry.ts';
import type { LeftOutFile } from './left-out.ts';

/** Parts of a ready-made split. */
export type SplitName = 'train' | 'val' | 'test';

/** One input image as the folder lists it. */
export interface ImageFile {
  /** Unique in its list: the table's id, or the path without its extension, with forward slashes, in Unicode's NFC. */
  readonly id: string;
  /** Absolute path; of an image in an archive, the archive's. */
  readonly path: string;
  /** Where in the archive it lies. */
  readonly entry?: ArchiveEntry;
  /** Relative to the data folder, forward slashes on every platform. */
  readonly relativePath: string;
  /** Absent if the folder gives none. */
  readonly label?: string;
  /** Absent if the folder has no ready-made split. */
  readonly split?: SplitName;
}

/** What a data folder holds, in the order in which rows are written. */
export interface ImageList {
  readonly layout: 'table' | 'folders' | 'splits' | 'flat';
  readonly root: string;
  /** How the folder was read, a line each, as the run prints it. */
  readonly reading: readonly string[];
  readonly images: readonly ImageFile[];
  /** The table that says the labels, as messages name it; absent if folders do. */
  readonly table?: string;
  /** Ids that a table names and that have no file. */
  readonly missing: readonly { readonly id: string; readonly label: string }[];
  /** Every other file under the folder, and the rule that leaves it out. */
  readonly leftOut: readonly LeftOutFile[];
}

/** How to read a data folder where it is not to be read in the usual way. */
export interface LayoutOptions {
  /** A table that says which image has which label: absolute path. */
  readonly labels?: string | undefined;
  /** Folders of the images that it names: absolute paths. */
  readonly images?: readonly string[] | undefined;
  readonly idColumn?: string | undefined;
  /** One name, or those of one-hot columns with commas between. */
  readonly labelColumn?: string | undefined;
  /** What becomes of an image that two lines give different labels; default: an error. */
  readonly conflicts?: 'drop' | undefined;
  /** The folder that is the class, counted from the top: 1 is the first one. */
  readonly depth?: number | undefined;
  /** What of a path is the class: `parent`, `top`, `path`, or a regular expression; `none` for images without labels. */
  readonly labelFrom?: string | undefined;
}

/** What messages call an image: its path, in its archive where it lies in one. */
export function whereIs({ path, entry }: Pick<ImageFile, 'path' | 'entry'>): string {
  return entry === undefined ? path : `${path}, ${entry.name}`;
}
