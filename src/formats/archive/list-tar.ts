import { messageOf, UserError } from '../../system/errors.ts';
import { nodeFiles, type OpenFile } from '../../system/files.ts';
import { type ArchiveEntry, entryPath, hostile } from './entry.ts';

const blockBytes = 512;
const longestHeader = 1 << 20;
/** Bytes read ahead at a header, to cover following small files. */
const windowBytes = 16 << 10;

const fileTypes = ['File', 'OldFile', 'ContiguousFile'];
const linkTypes = ['Link', 'SymbolicLink'];

/**
 * Walks the headers of a tar archive (ustar, GNU, pax) without reading its files.
 *
 * @throws UserError if it is incomplete or malicious
 */
export async function listTar(archive: string): Promise<readonly ArchiveEntry[]> {
  const file = await nodeFiles.open(archive, 'r');
  try {
    return await walk(archive, file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw broken(archive, messageOf(error), error);
  } finally {
    await file.close();
  }
}

async function walk(archive: string, file: OpenFile): Promise<readonly ArchiveEntry[]> {
  const [{ Header }, { Pax }] = await Promise.all([import('tar/header'), import('tar/pax')]);
  const reader = new Window(file, await file.size());
  const entries: ArchiveEntry[] = [];
  type Extended = ConstructorParameters<typeof Header>[2];
  let local: Extended;
  let global: Extended;
  for (let at = 0; at + blockBytes <= reader.size; ) {
    const block = await reader.read(at, blockBytes);
    at += blockBytes;
    // Two blocks of zeros end an archive.
    if (block.every((byte) => byte === 0)) return entries;
    const header = new Header(block, 0, local, global);
    if (!header.cksumValid) throw broken(archive, `a header at ${at - blockBytes} whose checksum is wrong`);
    const { size = 0, type } = header;
    if (!Number.isSafeInteger(size) || size < 0) throw broken(archive, `an entry of ${size} bytes`);
    const next = at + Math.ceil(size / blockBytes) * blockBytes;
    if (at + size > reader.size) throw broken(archive, `${reader.size} bytes, and an entry that ends at ${at + size}`);
    const text = async (): Promise<string> => {
      if (size > longestHeader) throw hostile(archive, `a name of ${size} bytes`);
      return (await reader.read(at, size)).toString('utf8');
    };
    if (type === 'ExtendedHeader' || type === 'OldExtendedHeader')
      local = { ...local, ...Pax.parse(await text(), local, false) };
    else if (type === 'GlobalExtendedHeader') global = { ...global, ...Pax.parse(await text(), global, true) };
    else if (type === 'NextFileHasLongPath' || type === 'OldGnuLongPath')
      local = { ...local, path: (await text()).replace(/\0.*$/s, '') };
    else if (type === 'NextFileHasLongLinkpath') local = { ...local, linkpath: 'long' };
    else {
      const name = header.path ?? '';
      if (linkTypes.includes(type)) throw hostile(archive, `${name}, a link`);
      const path = type === 'Directory' || type === 'GNUDumpDir' ? undefined : entryPath(archive, name);
      if (path !== undefined && fileTypes.includes(type)) entries.push({ name: path, byteCount: size, offset: at });
      else if (path !== undefined) throw hostile(archive, `${name}, of the type ${type}`);
      local = undefined;
    }
    at = next;
  }
  throw broken(archive, `${entries.length} files, and no end: it is cut short`);
}

/** Buffered reads of mostly sequential parts of a file. */
class Window {
  readonly size: number;
  readonly #file: OpenFile;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(file: OpenFile, size: number) {
    this.#file = file;
    this.size = size;
  }

  async read(start: number, length: number): Promise<Buffer> {
    const from = start - this.#start;
    if (from < 0 || from + length > this.#bytes.length) {
      const wanted = Buffer.alloc(Math.min(Math.max(length, windowBytes), this.size - start));
      let done = 0;
      for (let taken = -1; taken !== 0 && done < wanted.length; done += taken) {
        taken = (await this.#file.read(wanted, done, wanted.length - done, start + done)).bytesRead;
      }
      this.#start = start;
      this.#bytes = wanted.subarray(0, done);
      return this.#bytes.subarray(0, length);
    }
    return this.#bytes.subarray(from, from + length);
  }
}

function broken(archive: string, found: string, cause?: unknown): UserError {
  return new UserError({
    what: 'a tar archive cannot be read',
    where: archive,
    found,
    expected: 'a complete tar archive',
    fix: 'download it again, or unpack it and --data FOLDER',
    cause,
  });
}
