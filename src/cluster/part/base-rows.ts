import { join } from 'node:path';
import type { ImageList } from '../../extract/images/list/image-file.ts';
import { FileMemory, type RememberedFile } from '../../features/index/file-memory.ts';
import { readIndex } from '../../features/index/read-index.ts';
import { fingerprintOf } from '../../features/manifest/fingerprint.ts';
import { manifestFile } from '../../features/manifest/layout.ts';
import type { FingerprintFields, Manifest } from '../../features/manifest/manifest.ts';
import { parseManifest } from '../../features/manifest/manifest-file.ts';
import { madeOtherwise } from '../../features/run/open-run.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, readIfThere } from '../../system/files.ts';
import { ImageNumbers } from '../records/image-numbers.ts';

/** Rows already in the finished set. */
export interface BaseRows {
  readonly manifest: Manifest;
  /** Images of all parts, since a moved or copied file may belong to another part. */
  readonly images: ImageNumbers;
  /** Remembered files of the part. */
  readonly files: readonly RememberedFile[];
}

/**
 * Reads which rows the finished set already has; a part does not compute them again.
 *
 * @returns undefined if there is no set, or it is to be replaced
 * @throws UserError if it has another fingerprint
 */
export async function readBaseRows(
  files: Files,
  set: string,
  list: ImageList,
  fields: FingerprintFields,
  replace: boolean,
): Promise<BaseRows | undefined> {
  const manifest = await readManifest(files, set, replace);
  if (manifest === undefined) return undefined;
  if (manifest.fingerprint !== fingerprintOf(fields)) {
    if (replace) return undefined;
    throw madeOtherwise(set, manifest.fields, fields);
  }
  const index = await readIndex(files, set, manifest);
  const images = new ImageNumbers();
  for (let image = 0; image < index.imageCount; image++) images.add(index.at(image).sha256);
  const memory = await FileMemory.load(files, set, list.root);
  return { manifest, images, files: list.images.flatMap(({ relativePath }) => memory.find(relativePath) ?? []) };
}

/** Reads only the manifest, without tables. */
async function readManifest(files: Files, set: string, replace: boolean): Promise<Manifest | undefined> {
  const path = join(set, manifestFile);
  const bytes = await readIfThere(files, path);
  try {
    return bytes === undefined ? undefined : parseManifest(bytes, path);
  } catch (error) {
    if (replace && error instanceof UserError) return undefined;
    throw error;
  }
}
