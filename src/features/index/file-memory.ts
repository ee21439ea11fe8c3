import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { writeDurably } from '../../system/durable.ts';
import { type Files, readIfThere } from '../../system/files.ts';
import { runPath } from '../manifest/layout.ts';
import { csvBlocks, csvLine, parseCsv } from './csv.ts';

/** Size and times of a file: an unchanged file is recognized by them without reading it. */
export interface FileMark {
  readonly size: number;
  /** Modification time in nanoseconds since 1970, as text: too large for a double. */
  readonly mtimeNs: string;
  /**
   * Time of the last change to the file or its name, in the same form. Programs cannot set it, so it shows a swap of
   * two files with equal sizes and modification times, as unpacked from an archive.
   */
  readonly ctimeNs: string;
}

/** A file whose bytes were read once. */
export interface RememberedFile extends FileMark {
  readonly path: string;
  readonly sha256: string;
}

/** Under `.run/`. */
const memoryFile = 'files.csv';
const header = ['path', 'size', 'mtime_ns', 'ctime_ns', 'sha256'];
/** Length of the last line: sha256 of the bytes before it. */
const checkBytes = 65;
/** A file changed as recently as this may change again within the same tick of a coarse clock (FAT: two seconds). */
const unsettledNs = 2_000_000_000n;

/** Size and times of a file, or undefined if it has none; follows symbolic links. */
export function markOf(path: string, size?: number): FileMark | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    return { size: size ?? Number(stat.size), mtimeNs: String(stat.mtimeNs), ctimeNs: String(stat.ctimeNs) };
  } catch {
    return undefined;
  }
}

/** Whether any later change would show in the mark; unsettled marks are not remembered. */
export function isSettled(mark: FileMark): boolean {
  const now = BigInt(Date.now()) * 1_000_000n;
  return [mark.mtimeNs, mark.ctimeNs].every((time) => now - BigInt(time) > unsettledNs);
}

/**
 * The sha256 of each file when it was last read. Only a shortcut: without it, or for files whose mark differs, the
 * bytes are read again. Rows are found by sha256 alone.
 */
export class FileMemory {
  readonly #files = new Map<string, RememberedFile>();

  /** Loads what earlier runs remembered of this data folder; empty if the file is damaged or about another folder. */
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

  /** sha256 of the file's bytes if its mark is unchanged. */
  recall(path: string, mark: FileMark): string | undefined {
    const file = this.#files.get(path);
    if (file === undefined || file.size !== mark.size) return undefined;
    return file.mtimeNs === mark.mtimeNs && file.ctimeNs === mark.ctimeNs ? file.sha256 : undefined;
  }

  /** What is remembered of a file, even if it has changed since. */
  find(path: string): RememberedFile | undefined {
    return this.#files.get(path);
  }

  /** The mark of a file when it had these bytes; undefined if its times had not settled then. */
  markOf(path: string, sha256: string): FileMark | undefined {
    const file = this.#files.get(path);
    if (file?.sha256 !== sha256) return undefined;
    const { size, mtimeNs, ctimeNs } = file;
    return { size, mtimeNs, ctimeNs };
  }

  remember(file: RememberedFile): void {
    this.#files.set(file.path, file);
  }

  /** Saves the memory of the given files and drops all others. */
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

/** The blocks, with their sha256 as the last line, so that a flipped bit cannot give a file the sha256 of another. */
function* checked(blocks: Iterable<Uint8Array>): Generator<Uint8Array> {
  const hash = createHash('sha256');
  for (const block of blocks) {
    hash.update(block);
    yield block;
  }
  yield new TextEncoder().encode(`${hash.digest('hex')}\n`);
}
