import { dirname } from 'node:path';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { fileReason } from '../../system/file-reason.ts';
import { readRangeSync } from '../../system/regular-file.ts';
import { shortPath } from '../../system/short-path.ts';
import { type ArchiveEntry, checkEntries } from './entry.ts';
import { listTar } from './list-tar.ts';
import { listZip } from './list-zip.ts';

const archiveName = /\.(?:zip|tar)$/i;

export function isArchiveName(name: string): boolean {
  return archiveName.test(name);
}

/** Compressed archives without random access, which must be unpacked first. */
const packed: readonly (readonly [signature: string, name: string, command: string])[] = [
  ['\x1f\x8b', 'a gzip archive', 'gunzip --keep FILE'],
  ['BZh', 'a bzip2 archive', 'bunzip2 --keep FILE'],
  ['\xfd7zXZ\0', 'an xz archive', 'unxz --keep FILE'],
  ['\x28\xb5\x2f\xfd', 'a zstd archive', 'unzstd FILE'],
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip archive', '7z x FILE'],
  ['Rar!', 'a RAR archive', 'unrar x FILE'],
];

/** Kind of archive by its first bytes; undefined for none. */
function archiveKind(head: Uint8Array): 'zip' | 'tar' | undefined {
  const text = Buffer.from(head).toString('latin1');
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06')) return 'zip';
  if (head.length < 512) return undefined;
  // Without `ustar` (before POSIX), only the checksum identifies a tar.
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 32 : valueAt(head, i);
  return Number.parseInt(text.slice(148, 156).replace(/[\0 ].*$/s, ''), 8) === sum && sum > 256 ? 'tar' : undefined;
}

/**
 * Lists the files of a zip or tar archive without reading them.
 *
 * @throws UserError if the file is not an archive, broken, or malicious
 */
export async function listArchive(archive: string): Promise<readonly ArchiveEntry[]> {
  let head: Buffer;
  try {
    head = readRangeSync(archive, 0, 512);
  } catch (error) {
    throw new UserError({ what: 'an archive cannot be read', where: archive, found: fileReason(error), cause: error });
  }
  const kind = archiveKind(head);
  if (kind === undefined) throw noArchive(archive, head);
  const entries = kind === 'zip' ? await listZip(archive) : await listTar(archive);
  checkEntries(archive, entries);
  return entries;
}

function noArchive(archive: string, head: Buffer): UserError {
  const text = head.toString('latin1');
  const known = packed.find(([signature]) => text.startsWith(signature));
  return new UserError({
    what: 'the data folder cannot be read',
    where: archive,
    found: known === undefined ? 'a file, not a folder nor an archive' : known[1],
    expected: 'a folder, or a .zip or .tar archive',
    ...(known === undefined
      ? // A table of labels was named, or a photo: they lie in what was meant.
        { option: { name: 'data', value: shortPath(dirname(archive)) } }
      : { fix: `${known[2].replace('FILE', archive)}, then --data with what it gives` }),
  });
}
