/** What Node's error codes for files mean, as the `found` of a message. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a file where a folder should be',
  EISDIR: 'a folder, not a file',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'a disk that may only be read',
  ENOSPC: 'no space left on the disk',
  ELOOP: 'a link that leads back to itself',
  ENAMETOOLONG: 'a name that is too long',
  ERR_FS_FILE_TOO_LARGE: 'more than 2 GiB',
};

/** In plain words, why a file could not be opened, read or written; the system's own message for a rare reason. */
export function fileReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
