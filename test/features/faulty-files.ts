import { type Files, nodeFiles, type OpenFile } from '../../src/features/files.ts';

export type Fault = 'ENOSPC' | 'EIO' | 'crash';

/** The real disk without waiting for its flushes: nothing here survives a power cut, and nothing has to. */
export const quickFiles: Files = {
  ...nodeFiles,
  open: async (path, flags) => {
    const file = await nodeFiles.open(path, flags);
    return { ...file, sync: async () => {} };
  },
  syncFolder: async () => {},
};

/**
 * The real disk until its n-th change (a write, flush, rename, removal or new folder), which fails. `crash` is what a
 * kill looks like from the disk: half of the bytes of a write arrive, and nothing that comes later does.
 */
export class FaultyFiles implements Files {
  changes = 0;
  crashed = false;
  readonly #failAt: number;
  readonly #fault: Fault;
  readonly #only: ((operation: string, path: string) => boolean) | undefined;

  constructor(failAt: number, fault: Fault, only?: (operation: string, path: string) => boolean) {
    this.#failAt = failAt;
    this.#fault = fault;
    this.#only = only;
  }

  #change(operation: string, path: string): boolean {
    if (this.crashed) throw new Error('killed');
    if (this.#only !== undefined && !this.#only(operation, path)) return false;
    if (this.changes++ !== this.#failAt) return false;
    if (this.#fault !== 'crash') {
      throw Object.assign(new Error(`${this.#fault}: drawn fault, ${operation} '${path}'`), { code: this.#fault });
    }
    this.crashed = true;
    return true;
  }

  /** Runs the change, unless the crash comes before it. */
  async #guard(operation: string, path: string, work: () => Promise<void>): Promise<void> {
    if (this.#change(operation, path)) throw new Error('killed');
    await work();
  }

  async open(path: string, flags: 'r' | 'w' | 'wx'): Promise<OpenFile> {
    if (this.crashed) throw new Error('killed');
    const file = await quickFiles.open(path, flags);
    return {
      ...file,
      write: async (buffer, offset, length) => {
        const half = this.#change('write', path);
        const result = await file.write(buffer, offset, half ? length >> 1 : length);
        if (half) throw new Error('killed');
        return result;
      },
      sync: () => this.#guard('sync', path, () => file.sync()),
    };
  }

  rename(from: string, to: string): Promise<void> {
    return this.#guard('rename', to, () => nodeFiles.rename(from, to));
  }
  remove(path: string): Promise<void> {
    return this.#guard('remove', path, () => nodeFiles.remove(path));
  }
  removeFolder(path: string): Promise<void> {
    return this.#guard('removeFolder', path, () => nodeFiles.removeFolder(path));
  }
  makeFolder(path: string): Promise<void> {
    return this.#guard('makeFolder', path, () => nodeFiles.makeFolder(path));
  }
  syncFolder(folder: string): Promise<void> {
    return this.#guard('syncFolder', folder, () => quickFiles.syncFolder(folder));
  }
  stat: Files['stat'] = (path) => nodeFiles.stat(path);
  list: Files['list'] = (folder) => nodeFiles.list(folder);
  freeBytes: Files['freeBytes'] = async () => 4096;
}
