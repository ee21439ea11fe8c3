/** One input image as the folder lists it. */
export interface ImageFile {
  /** Unique in its list: Kaggle's id, or the path without its extension, with forward slashes, in Unicode's NFC. */
  readonly id: string;
  /** Absolute path. */
  readonly path: string;
  /** Relative to the data folder, forward slashes on every platform. */
  readonly relativePath: string;
  /** Absent where the folder gives none. */
  readonly label?: string;
}

/** What a data folder holds, in the order in which rows are written. */
export interface ImageList {
  readonly layout: 'kaggle' | 'folders' | 'flat';
  readonly root: string;
  readonly images: readonly ImageFile[];
  /** Ids that labels.csv names and that have no file. */
  readonly missing: readonly { readonly id: string; readonly label: string }[];
  /** Kaggle's test/ folder: unlabelled, not part of the feature set unless asked for. */
  readonly unlabelled: readonly ImageFile[];
  /** Images in Kaggle's train/ that labels.csv does not name: without a label, not part of the feature set. */
  readonly unnamed: readonly ImageFile[];
}
