import { statSync } from 'node:fs';
import { csvBlocks, csvLine, parseCsv } from './csv.ts';
import { writeDurably } from './durable.ts';
import { type Files, readIfThere } from './files.ts';
import { runPath } from './layout.ts';

/** What tells an unchanged file from a changed one without reading it. */
export interface FileMark {
  readonly size: number;
  /** Modification time in nanoseconds since 1970, as text: beyond what a double holds. */
  readonly mtimeNs: string;
}

/** A file whose bytes were read once. */
export interface RememberedFile extends FileMark {
  /** Relative to the data folder. */
  readonly path: string;
  readonly sha256: string;
}

const memoryFile = 'files.csv';
const header = ['path', 'size', 'mtime_ns', 'sha256'];
/** A file changed as recently as this may change again within the same tick of a coarse clock (FAT: two seconds). */
const unsettledNs = 2_000_000_000n;

/** Size and time of a file, or undefined where it cannot be had; symbolic links are followed. */
export function markOf(path: string): FileMark | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    return { size: Number(stat.size), mtimeNs: String(stat.mtimeNs) };
  } catch {
    return undefined;
  }
}

/** Whether a later change must show in the mark; a mark that is not settled is not remembered. */
export function isSettled(mark: FileMark): boolean {
  return BigInt(Date.now()) * 1_000_000n - BigInt(mark.mtimeNs) > unsettledNs;
}

/**
 * Which bytes each file had when it was last read. A convenience beside the feature set: without it, or for files
 * whose mark differs, the bytes are read again; rows are found by sha256 alone.
 */
export class FileMemory {
  readonly #files = new Map<string, RememberedFile>();

  /** Loads what the last runs remembered of this data folder; a memory of another folder or a damaged one is empty. */
  static async load(files: Files, folder: string, dataFolder: string): Promise<FileMemory> {
    const memory = new FileMemory();
    const bytes = await readIfThere(files, runPath(folder, memoryFile));
    if (bytes === undefined) return memory;
    try {
      const [root, ...records] = parseCsv(bytes, header, memoryFile);
      if (root?.[0] !== dataFolder) return memory;
      for (const [path = '', size = '', mtimeNs = '', sha256 = ''] of records) {
        memory.remember({ path, size: Number(size), mtimeNs, sha256 });
      }
    } catch {
      return new FileMemory();
    }
    return memory;
  }

  /** sha256 of the file's bytes if its mark is the remembered one. */
  recall(path: string, mark: FileMark): string | undefined {
    const file = this.#files.get(path);
    return file !== undefined && file.size === mark.size && file.mtimeNs === mark.mtimeNs ? file.sha256 : undefined;
  }

  remember(file: RememberedFile): void {
    this.#files.set(file.path, file);
  }

  /** Keeps what is remembered of the given files alone. */
  async save(files: Files, folder: string, dataFolder: string, paths: Iterable<string>): Promise<void> {
    await writeDurably(files, runPath(folder, memoryFile), csvBlocks(this.#lines(dataFolder, paths)));
  }

  *#lines(dataFolder: string, paths: Iterable<string>): Generator<string> {
    yield csvLine(header);
    // The first record says which folder the paths are relative to.
    yield csvLine([dataFolder, '', '', '']);
    for (const path of paths) {
      const file = this.#files.get(path);
      if (file !== undefined) yield csvLine([path, String(file.size), file.mtimeNs, file.sha256]);
    }
  }
}
