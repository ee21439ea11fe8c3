import * as fs from 'node:fs';
import { join } from 'node:path';
import { type Files, nodeFiles, type OpenFile } from '../../../src/system/files.ts';

export type Fault = 'ENOSPC' | 'EIO' | 'crash';

/**
 * The real disk without flushes, which tests do not need. Synchronous calls are faster for the hundred thousand that
 * these tests make.
 */
export const quickFiles: Files = {
  open: async (path, flags) => {
    const file = fs.openSync(path, flags);
    return {
      size: async () => fs.fstatSync(file).size,
      read: async (buffer, offset, length, position) => ({
        bytesRead: fs.readSync(file, buffer, offset, length, position),
      }),
      write: async (buffer, offset, length) => ({ bytesWritten: fs.writeSync(file, buffer, offset, length) }),
      sync: async () => {},
      close: async () => fs.closeSync(file),
    };
  },
  stat: async (path) => fs.statSync(path),
  rename: async (from, to) => fs.renameSync(from, to),
  link: async (from, to) => fs.linkSync(from, to),
  remove: async (path) => fs.rmSync(path, { force: true }),
  removeFolder: async (path) => fs.rmSync(path, { recursive: true, force: true }),
  list: async (folder) => fs.readdirSync(folder),
  makeFolder: async (path) => {
    fs.mkdirSync(path, { recursive: true });
  },
  syncFolder: async () => {},
  freeBytes: nodeFiles.freeBytes,
};

/**
 * The real disk until its n-th change (a write, flush, rename, removal or new folder), which fails. `crash` imitates a
 * kill: half of the bytes of a write arrive, a folder loses one of its files, and no later call has an effect.
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

  /** Makes the change, unless the crash comes before it. */
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
    return this.#guard('rename', to, () => quickFiles.rename(from, to));
  }
  link(from: string, to: string): Promise<void> {
    return this.#guard('link', to, () => quickFiles.link(from, to));
  }
  remove(path: string): Promise<void> {
    return this.#guard('remove', path, () => quickFiles.remove(path));
  }
  async removeFolder(path: string): Promise<void> {
    if (!this.#change('removeFolder', path)) return nodeFiles.removeFolder(path);
    const found = fs.existsSync(path) ? fs.readdirSync(path, { recursive: true, encoding: 'utf8' }).sort() : [];
    const file = found.map((name) => join(path, name)).findLast((name) => fs.statSync(name).isFile());
    if (file !== undefined) fs.rmSync(file);
    throw new Error('killed');
  }
  makeFolder(path: string): Promise<void> {
    return this.#guard('makeFolder', path, () => quickFiles.makeFolder(path));
  }
  syncFolder(folder: string): Promise<void> {
    return this.#guard('syncFolder', folder, () => quickFiles.syncFolder(folder));
  }
  stat: Files['stat'] = (path) => quickFiles.stat(path);
  list: Files['list'] = (folder) => quickFiles.list(folder);
  freeBytes: Files['freeBytes'] = async () => 4096;
}

/** A disk with so many bytes; present files count, not all that was ever written. */
export class SmallDisk implements Files {
  limit: number;
  readonly #sizes = new Map<string, number>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  async open(path: string, flags: 'r' | 'w' | 'wx'): Promise<OpenFile> {
    const file = await quickFiles.open(path, flags);
    if (flags !== 'r') this.#sizes.set(path, 0);
    return {
      ...file,
      write: async (buffer, offset, length) => {
        if (this.used + length > this.limit) throw Object.assign(new Error('ENOSPC: drawn'), { code: 'ENOSPC' });
        this.#sizes.set(path, (this.#sizes.get(path) ?? 0) + length);
        return file.write(buffer, offset, length);
      },
    };
  }

  async rename(from: string, to: string): Promise<void> {
    await quickFiles.rename(from, to);
    this.#sizes.set(to, this.#sizes.get(from) ?? 0);
    this.#sizes.delete(from);
  }

  async remove(path: string): Promise<void> {
    await quickFiles.remove(path);
    this.#sizes.delete(path);
  }

  link: Files['link'] = quickFiles.link;

  removeFolder: Files['removeFolder'] = quickFiles.removeFolder;
  makeFolder: Files['makeFolder'] = quickFiles.makeFolder;
  syncFolder: Files['syncFolder'] = quickFiles.syncFolder;
  stat: Files['stat'] = quickFiles.stat;
  list: Files['list'] = quickFiles.list;
  freeBytes: Files['freeBytes'] = async () => this.limit - this.used;
}
