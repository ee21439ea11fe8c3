import { isAbsolute, relative } from 'node:path';

/** The path relative to the current folder, if inside it; else unchanged. */
export function shortPath(path: string): string {
  const short = relative('', path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
