import { wayOut } from '../decode/sniff.ts';

/** A file under the data folder that is not an input. */
export interface LeftOutFile {
  /** Relative to the data folder; folders end in a slash. */
  readonly path: string;
  /** Group for counting: `hidden files`, `.txt`. */
  readonly group: string;
  /** For outcomes.csv. */
  readonly reason: string;
  /** For an image: in a folder without labels, or not in the table. */
  readonly kind?: 'unlabelled' | 'unnamed';
}

/** Number of files left out for one reason. */
export interface LeftOutCount {
  readonly group: string;
  readonly count: number;
}

/** Files created by file managers and archivers, not photos. */
export function hidden(path: string): LeftOutFile {
  return path.endsWith('/')
    ? { path, group: 'hidden folders', reason: 'a hidden folder is not entered' }
    : { path, group: 'hidden files', reason: 'a hidden file' };
}

const specialKinds = {
  fifo: ['named pipes', 'a named pipe: reading it may never end'],
  socket: ['sockets', 'a socket'],
  device: ['devices', 'a device'],
} as const;

/** Neither a file nor a folder. */
export function special(path: string, kind: keyof typeof specialKinds): LeftOutFile {
  const [group, reason] = specialKinds[kind];
  return { path, group, reason };
}

/** @param path the name, with invalid UTF-8 bytes as \xHH */
export function notUtf8(path: string): LeftOutFile {
  return {
    path,
    group: `names that are not UTF-8 (convmv -r -f latin1 -t utf8 --notest FOLDER renames them)`,
    reason: 'its name is not UTF-8: rename it',
  };
}

/** @param the kind of file found by `sniff` */
export function noImage(path: string, what: string): LeftOutFile {
  const group = kindOfName(path);
  if (what === 'unknown' || what === 'empty') {
    return { path, group, reason: what === 'empty' ? 'an empty file' : 'not an image by its bytes' };
  }
  const command = wayOut(what);
  const way = command === undefined ? '' : `: ${command}`;
  return { path, group: `${group} (${what}${way})`, reason: `not a supported image format (${what}${way})` };
}

/** The extension, or the group of names without one. */
function kindOfName(path: string): string {
  const extension = /[^/.]\.([^./\s]{1,12})$/.exec(path)?.[1];
  return extension === undefined ? 'files without an extension' : `.${extension.toLowerCase()}`;
}

/** Counts by reason, largest first. */
export function countLeftOut(files: readonly LeftOutFile[]): readonly LeftOutCount[] {
  const counts = new Map<string, number>();
  for (const { group } of files) counts.set(group, (counts.get(group) ?? 0) + 1);
  return [...counts]
    .map(([group, count]) => ({ group, count }))
    .sort((a, b) => b.count - a.count || (a.group < b.group ? -1 : 1));
}

/** `3 hidden files`, `1 hidden file`. */
export function describeCount({ group, count }: LeftOutCount): string {
  const many = /^(hidden file|hidden folder|named pipe|socket|device|file|image|name|table)s\b/;
  return `${count} ${count === 1 ? group.replace(many, '$1') : group}`;
}
