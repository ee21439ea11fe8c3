import { isAbsolute, relative } from 'node:path';

/** Relative where that is below the current folder, else as it is. */
export function shortPath(path: string): string {
  const short = relative('', path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
