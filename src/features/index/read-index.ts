import { join } from 'node:path';
import type { Files } from '../../system/files.ts';
import { indexFile } from '../manifest/layout.ts';
import { type Manifest, rowsPerImage } from '../manifest/manifest.ts';
import { damagedTable, readTable } from '../manifest/state.ts';
import { IndexTable } from './index-table.ts';

/** Reads only the index of a set, not the other tables. @throws UserError if its sha256 is not the manifest's */
export async function readIndex(files: Files, folder: string, manifest: Manifest): Promise<IndexTable> {
  const { bytes, found, sha256 } = await readTable(files, folder, indexFile, manifest.indexSha256);
  if (bytes === undefined) throw damagedTable(folder, indexFile, found, sha256);
  return new IndexTable(bytes, manifest.imageCount, rowsPerImage(manifest.fields), join(folder, indexFile));
}
