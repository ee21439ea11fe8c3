import { join, resolve } from 'node:path';
import { type Walked, walkFiles } from './walk.ts';

/** Where the bytes of a file of the tree lie. */
export interface Located {
  /** Absolute path. */
  readonly path: string;
}

/** Every file under a data folder. */
export interface Tree extends Walked {
  /** Absolute path. */
  readonly root: string;
  locate(relativePath: string): Located;
}

/** @throws UserError if it cannot be read */
export async function openTree(root: string): Promise<Tree> {
  const folder = resolve(root);
  return { ...(await walkFiles(folder)), root: folder, locate: (path) => ({ path: join(folder, path) }) };
}
