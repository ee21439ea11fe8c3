import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { writeDurably } from '../../system/durable.ts';
import { type Files, readIfThere } from '../../system/files.ts';
import { runPath } from '../manifest/layout.ts';
import { csvBlocks, csvLine, parseCsv } from './csv.ts';

/** What tells an unchanged file from a changed one without reading it. */
export interface FileMark {
  readonly size: number;
  /** Modification time in nanoseconds since 1970, as text: beyond what a double holds. */
  readonly mtimeNs: string;
  /**
   * Time of the last change to the file or its name, likewise. No program sets it at will: it tells files apart that an
   * archive gave one size and one modification time, once their names are swapped.
   */
  readonly ctimeNs: string;
}

/** A file whose bytes were read once. */
export interface RememberedFile extends FileMark {
  /** Relative to the data folder. */
  readonly path: string;
  readonly sha256: string;
}

/** Under `.run/`. */
const memoryFile = 'files.csv';
const header = ['path', 'size', 'mtime_ns', 'ctime_ns', 'sha256'];
/** Last line of the memory: sha256 of what stands before it. */
const checkBytes = 65;
/** A file changed as recently as this may change again within the same tick of a coarse clock (FAT: two seconds). */
const unsettledNs = 2_000_000_000n;

/**
 * Size and time of a file, or undefined if it cannot be had; symbolic links are followed.
 *
 * @param size of an entry, where the file is the archive that holds it
 */
export function markOf(path: string, size?: number): FileMark | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    return { size: size ?? Number(stat.size), mtimeNs: String(stat.mtimeNs), ctimeNs: String(stat.ctimeNs) };
  } catch {
    return undefined;
  }
}

/** Whether a later change must show in the mark; a mark that is not settled is not remembered. */
export function isSettled(mark: FileMark): boolean {
  const now = BigInt(Date.now()) * 1_000_000n;
  return [mark.mtimeNs, mark.ctimeNs].every((time) => now - BigInt(time) > unsettledNs);
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
    const lines = bytes.subarray(0, -checkBytes);
    const check = new TextDecoder().decode(bytes.subarray(-checkBytes));
    if (check !== `${createHash('sha256').update(lines).digest('hex')}\n`) return memory;
    try {
      const [root, ...records] = parseCsv(lines, header, memoryFile);
      if (root?.[0] !== dataFolder) return memory;
      for (const [path = '', size = '', mtimeNs = '', ctimeNs = '', sha256 = ''] of records) {
        memory.remember({ path, size: Number(size), mtimeNs, ctimeNs, sha256 });
      }
    } catch {
      return new FileMemory();
    }
    return memory;
  }

  /** sha256 of the file's bytes if its mark is the remembered one. */
  recall(path: string, mark: FileMark): string | undefined {
    const file = this.#files.get(path);
    if (file === undefined || file.size !== mark.size) return undefined;
    return file.mtimeNs === mark.mtimeNs && file.ctimeNs === mark.ctimeNs ? file.sha256 : undefined;
  }

  /** What is remembered of a file, whatever became of it since. */
  find(path: string): RememberedFile | undefined {
    return this.#files.get(path);
  }

  /** The mark that a file had when it had these bytes; one that was read again before its times had settled has none. */
  markOf(path: string, sha256: string): FileMark | undefined {
    const file = this.#files.get(path);
    if (file?.sha256 !== sha256) return undefined;
    const { size, mtimeNs, ctimeNs } = file;
    return { size, mtimeNs, ctimeNs };
  }

  remember(file: RememberedFile): void {
    this.#files.set(file.path, file);
  }

  /** Keeps what is remembered of the given files alone. */
  async save(files: Files, folder: string, dataFolder: string, paths: Iterable<string>): Promise<void> {
    await saveMemory(files, folder, dataFolder, this.#remembered(paths));
  }

  *#remembered(paths: Iterable<string>): Generator<RememberedFile> {
    for (const path of paths) {
      const file = this.#files.get(path);
      if (file !== undefined) yield file;
    }
  }
}

/** Writes files.csv; its second line says which folder the paths are relative to. */
export async function saveMemory(
  files: Files,
  folder: string,
  dataFolder: string,
  remembered: Iterable<RememberedFile>,
): Promise<void> {
  await writeDurably(files, runPath(folder, memoryFile), checked(csvBlocks(memoryLines(dataFolder, remembered))));
}

function* memoryLines(dataFolder: string, remembered: Iterable<RememberedFile>): Generator<string> {
  yield csvLine(header);
  yield csvLine([dataFolder, '', '', '', '']);
  for (const { path, size, mtimeNs, ctimeNs, sha256 } of remembered) {
    yield csvLine([path, String(size), mtimeNs, ctimeNs, sha256]);
  }
}

/** The blocks, and their sha256 as a last line: a flipped bit must not give a file the sha256 of another one. */
function* checked(blocks: Iterable<Uint8Array>): Generator<Uint8Array> {
  const hash = createHash('sha256');
  for (const block of blocks) {
    hash.update(block);
    yield block;
  }
  yield new TextEncoder().encode(`${hash.digest('hex')}\n`);
}
