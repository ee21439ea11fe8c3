import { join } from 'node:path';
import { makeFolder, writeDurably } from '../../../system/durable.ts';
import { listIfThere, nodeFiles, readIfThere } from '../../../system/files.ts';
import { isAbandoned, unfinishedSuffix } from '../../../system/writers/unfinished.ts';

/** Cache folder next to a page: thumbnails, neighbours, maps. It may be deleted. */
export const cacheFolder = '.featuretap-page';

/**
 * Cache entries by name, a hash of everything they depend on. Unreadable or unwritable entries are computed again: the
 * cache never causes an error.
 */
export class PageCache {
  readonly #folder: string;
  readonly #used = new Set<string>();

  /** @param pageFolder folder of the page */
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
      // A read-only folder or a full disk is reported when the page itself is written.
    }
  }

  /** Removes entries not used by this page: of other features or older versions. */
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
