import { join, resolve } from 'node:path';
import { fileSource, type TableSource } from '../../../formats/table/table.ts';
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
  /** Of one of the tables. */
  table(relativePath: string): TableSource;
}

/** @throws UserError if it cannot be read */
export async function openTree(root: string): Promise<Tree> {
  const folder = resolve(root);
  return {
    ...(await walkFiles(folder)),
    root: folder,
    locate: (path) => ({ path: join(folder, path) }),
    table: (path) => fileSource(join(folder, path)),
  };
}
