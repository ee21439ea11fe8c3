import { join } from 'node:path';
import type { ImageList } from '../extract/images/image-file.ts';
import { FileMemory, type RememberedFile } from '../features/file-memory.ts';
import type { Files } from '../features/files.ts';
import { fingerprintOf } from '../features/fingerprint.ts';
import { IndexTable } from '../features/index-table.ts';
import { indexFile } from '../features/layout.ts';
import { type FingerprintFields, type Manifest, rowsPerImage } from '../features/manifest.ts';
import { madeOtherwise } from '../features/open-run.ts';
import { readState } from '../features/state.ts';

/** What the set itself holds already of a part's images. */
export interface BaseRows {
  readonly manifest: Manifest;
  /** sha256 of images that have a row there. */
  readonly hashes: ReadonlySet<string>;
  /** Files of the part whose bytes are remembered. */
  readonly files: readonly RememberedFile[];
}

/**
 * Rows that the finished set holds: a part does not compute them again.
 *
 * @param set the feature set's folder
 * @param list the part's inputs
 * @returns undefined where there is no set, or one that is to be replaced
 * @throws UserError when it was made otherwise
 */
export async function readBaseRows(
  files: Files,
  set: string,
  list: ImageList,
  fields: FingerprintFields,
  replace: boolean,
): Promise<BaseRows | undefined> {
  const state = await readState(files, set).catch((error) => {
    if (replace) return undefined;
    throw error;
  });
  if (state === undefined) return undefined;
  const { manifest } = state;
  if (manifest.fingerprint !== fingerprintOf(fields)) {
    if (replace) return undefined;
    throw madeOtherwise(set, manifest.fields, fields);
  }
  const memory = await FileMemory.load(files, set, list.root);
  const remembered = list.images.flatMap(({ relativePath }) => memory.find(relativePath) ?? []);
  const paths = new Set(list.images.map(({ relativePath }) => relativePath));
  const wanted = new Set(remembered.map(({ sha256 }) => sha256));
  const index = new IndexTable(state.index, manifest.imageCount, rowsPerImage(manifest.fields), join(set, indexFile));
  const hashes = new Set<string>();
  for (let image = 0; image < index.imageCount; image++) {
    const { path, sha256 } = index.at(image);
    if (wanted.has(sha256) || paths.has(path)) hashes.add(sha256);
  }
  return { manifest, hashes, files: remembered };
}
