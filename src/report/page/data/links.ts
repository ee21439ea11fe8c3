import { isAbsolute, relative, resolve } from 'node:path';

/** From one folder to a file, as a link: relative, so that reports can be moved together; empty if it cannot be. */
export function linkTo(path: string, from: string): string {
  const way = relative(resolve(from), resolve(path));
  // Another drive of Windows cannot be reached from here by a relative path.
  if (isAbsolute(way)) return '';
  return way.split(/[\\/]/).map(encodeURIComponent).join('/');
}
