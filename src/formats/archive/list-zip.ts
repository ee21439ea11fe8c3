import type { Entry } from 'yauzl';
import { UserError } from '../../system/errors.ts';
import { fileReason } from '../../system/file-reason.ts';
import { openRegular } from '../../system/regular-file.ts';
import { type ArchiveEntry, entryPath, hostile } from './entry.ts';

/** Type of a file in the upper half of an entry's external attributes, where Unix made it. */
const typeMask = 0o170000;
const linkType = 0o120000;

/** @throws UserError if it is not a complete zip archive, encrypted, or malicious */
export async function listZip(archive: string): Promise<readonly ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  const { fromFdPromise } = await import('yauzl');
  try {
    // Not by path: yauzl would block on a pipe.
    const file = await openRegular(archive);
    try {
      const zip = await fromFdPromise(file.fd, { autoClose: false });
      for await (const entry of zip.eachEntry() as AsyncIterable<Entry>) {
        const name = entryPath(archive, entry.fileName);
        if (name === undefined) continue;
        if (((entry.externalFileAttributes >>> 16) & typeMask) === linkType) throw hostile(archive, `${name}, a link`);
        if (entry.isEncrypted()) throw encrypted(archive, name);
        entries.push({
          name,
          byteCount: entry.uncompressedSize,
          offset: entry.relativeOffsetOfLocalHeader,
          packed: { byteCount: entry.compressedSize, method: entry.compressionMethod },
        });
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const message = fileReason(error);
    if (/relative path|absolute path|invalid characters/.test(message)) throw hostile(archive, message);
    throw new UserError({
      what: 'a zip archive cannot be read',
      where: archive,
      found: message,
      expected: 'a complete zip archive',
      fix: 'download it again, or unpack it and --data FOLDER',
      cause: error,
    });
  }
  return entries;
}

function encrypted(archive: string, name: string): UserError {
  return new UserError({
    what: 'a zip archive is encrypted',
    where: archive,
    found: `${name}, which asks for a password`,
    fix: 'unpack it, and --data FOLDER',
  });
}
