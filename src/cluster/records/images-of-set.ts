import { join } from 'node:path';
import { indexFile } from '../../features/manifest/layout.ts';
import { type Manifest, rowsPerImage } from '../../features/manifest/manifest.ts';
import { indexHeader } from '../../features/tables/index-table.ts';
import { UserError } from '../../system/errors.ts';
import type { Files } from '../../system/files.ts';
import { CsvLines } from './csv-lines.ts';

/** One image that a set holds. */
export interface SetImage {
  readonly row: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * The images of a set, from its index, in row order, a batch at a time.
 *
 * @throws UserError when the index is not the one that the manifest names
 */
export async function* imagesOfSet(files: Files, set: string, manifest: Manifest): AsyncGenerator<readonly SetImage[]> {
  const stride = rowsPerImage(manifest.fields);
  const lines = new CsvLines(files, join(set, indexFile), indexHeader(stride).trimEnd(), 1 << 20);
  while (await lines.fill()) {
    const batch: SetImage[] = [];
    for (let fields = lines.next(); fields !== undefined; fields = lines.next()) {
      // Rows of views follow their image's.
      if (stride === 1 || fields[4] === '0') batch.push({ row: Number(fields[0]), sha256: fields[3] as string });
    }
    yield batch;
  }
  if (lines.sha256() === manifest.indexSha256) return;
  throw new UserError({
    what: 'a feature set is damaged: a table is not the one that manifest.json names',
    where: lines.path,
    fix: `featuretap verify --features ${set} --repair`,
  });
}
