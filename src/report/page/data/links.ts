import { isAbsolute, relative, resolve } from 'node:path';

/** Relative link from a folder to a file, so that reports can be moved together; empty if there is none. */
export function linkTo(path: string, from: string): string {
  const way = relative(resolve(from), resolve(path));
  // On another drive of Windows.
  if (isAbsolute(way)) return '';
  return way.split(/[\\/]/).map(encodeURIComponent).join('/');
}
