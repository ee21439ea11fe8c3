import { join } from 'node:path';
import { makeFolder, writeDurably } from '../../../system/durable.ts';
import { listIfThere, nodeFiles, readIfThere } from '../../../system/files.ts';
import { isAbandoned, unfinishedSuffix } from '../../../system/writers/unfinished.ts';

/** Folder beside a page that keeps what takes long to make: thumbnails, neighbours, maps. It may be deleted. */
export const cacheFolder = '.featuretap-page';

/**
 * Entries by name, a name being a hash of all that its bytes depend on. What cannot be read or written is made again the
 * next time: a page is never refused for its cache.
 */
export class PageCache {
  readonly #folder: string;
  readonly #used = new Set<string>();

  /** @param pageFolder where the page lies */
  constructor(pageFolder: string) {
    this.#folder = join(pageFolder, cacheFolder);
  }

  async read(name: string): Promise<Buffer | undefined> {
    this.#used.add(name);
    try {
      const bytes = await readIfThere(nodeFiles, join(this.#folder, name));
      return bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch {
      return undefined;
    }
  }

  async write(name: string, parts: readonly Uint8Array[]): Promise<void> {
    this.#used.add(name);
    try {
      await makeFolder(nodeFiles, this.#folder);
      await writeDurably(nodeFiles, join(this.#folder, name), parts);
    } catch {
      // A folder that is only read, or a full disk: the page itself says what is wrong when it is written.
    }
  }

  /** Removes entries that this page did not ask for: those of other features, and of older versions. */
  async sweep(): Promise<void> {
    try {
      for (const name of await listIfThere(nodeFiles, this.#folder)) {
        const isUnderWay = name.endsWith(unfinishedSuffix) && !isAbandoned(name);
        if (!this.#used.has(name) && !isUnderWay) await nodeFiles.remove(join(this.#folder, name));
      }
    } catch {
      // None is there.
    }
  }
}
