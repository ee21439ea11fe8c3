import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveEntry } from '../../../formats/archive/entry.ts';
import { isArchiveName, listArchive } from '../../../formats/archive/list-archive.ts';
import type { Located } from './tree.ts';

/**
 * Locates listed images by path: in the data folder, or in the archive that it is or contains. Each archive is listed
 * once.
 */
export function imageLocator(data: string): (relativePath: string) => Promise<Located> {
  const archives = new Map<string, Promise<ReadonlyMap<string, ArchiveEntry>>>();
  const isArchive = stat(data).then(
    (found) => found.isFile(),
    () => false,
  );
  const entriesOf = (archive: string): Promise<ReadonlyMap<string, ArchiveEntry>> => {
    const known = archives.get(archive);
    if (known !== undefined) return known;
    // A missing or broken archive has no images; reading one reports the error.
    const listed = listArchive(archive).then(
      (entries) => new Map(entries.map((entry) => [entry.name, entry])),
      () => new Map<string, ArchiveEntry>(),
    );
    archives.set(archive, listed);
    return listed;
  };
  const inArchive = async (archive: string, name: string): Promise<Located | undefined> => {
    const entry = (await entriesOf(archive)).get(name);
    return entry === undefined ? undefined : { path: archive, entry };
  };
  return async (relativePath) => {
    const plain = { path: join(data, relativePath) };
    if (await isArchive) return (await inArchive(data, relativePath)) ?? plain;
    for (let end = relativePath.indexOf('/'); end !== -1; end = relativePath.indexOf('/', end + 1)) {
      const folder = relativePath.slice(0, end);
      if (!isArchiveName(folder)) continue;
      const found = await inArchive(join(data, folder), relativePath.slice(end + 1));
      if (found !== undefined) return found;
    }
    return plain;
  };
}
