import type { ArchiveEntry } from '../../../formats/archive/entry.ts';
import type { LeftOutFile } from './left-out.ts';

/** Parts of the data folder's own split. */
export type SplitName = 'train' | 'val' | 'test';

/** An input image of a data folder. */
export interface ImageFile {
  /** Unique in its list: the table's id, or the path without its extension, with forward slashes, in Unicode's NFC. */
  readonly id: string;
  /** Absolute path; for an image in an archive, that of the archive. */
  readonly path: string;
  /** Its entry in the archive. */
  readonly entry?: ArchiveEntry;
  /** Relative to the data folder, forward slashes on every platform. */
  readonly relativePath: string;
  /** Absent if the folder gives none. */
  readonly label?: string;
  /** Absent if the folder has no split. */
  readonly split?: SplitName;
}

/** Contents of a data folder, in the order in which rows are written. */
export interface ImageList {
  readonly layout: 'table' | 'folders' | 'splits' | 'flat';
  readonly root: string;
  /** How the folder was read, as printed lines. */
  readonly reading: readonly string[];
  readonly images: readonly ImageFile[];
  /** Name of the table with the labels; absent if the labels are folder names. */
  readonly table?: string;
  readonly missing: readonly { readonly id: string; readonly label: string }[];
  readonly leftOut: readonly LeftOutFile[];
}

/** Options for reading a data folder. */
export interface LayoutOptions {
  /** A table of images and labels: absolute path. */
  readonly labels?: string | undefined;
  /** Folders of its images: absolute paths. */
  readonly images?: readonly string[] | undefined;
  readonly idColumn?: string | undefined;
  /** One name, or comma-separated names of one-hot columns. */
  readonly labelColumn?: string | undefined;
  /** What to do with an image that has different labels in two lines; default: an error. */
  readonly conflicts?: 'drop' | undefined;
  /** Depth of the folder that names the class; 1 is the top one. */
  readonly depth?: number | undefined;
  /** The part of a path that is the class: `parent`, `top`, `path`, or a regular expression; `none` for no labels. */
  readonly labelFrom?: string | undefined;
}

/** Name of an image in messages: its path, and its entry if it is in an archive. */
export function whereIs({ path, entry }: Pick<ImageFile, 'path' | 'entry'>): string {
  return entry === undefined ? path : `${path}, ${entry.name}`;
}
