import { decodeNumbers } from '../formats/npy/npy.ts';
import { decodeItems, type NpyMatrixFile } from '../formats/npy/npy-file.ts';
import { UserError } from '../system/errors.ts';
import { nodeFiles, type OpenFile, readFailure } from '../system/files.ts';
import type { RowStore } from './row-store.ts';

/** The rows of an .npy file written by another program: any plain numeric type, in C order. */
export function npyStore(described: NpyMatrixFile): RowStore {
  const { path: where, rowCount, columnCount, type, bigEndian } = described;
  if (described.fortranOrder) throw new RangeError(`${where}: rows in Fortran order are not contiguous`);
  const rowBytes = columnCount * described.itemBytes;
  let opened: OpenFile | undefined;
  /** Modification time when first opened, to detect a change between two passes. */
  let openedMtimeMs: number | undefined;
  const refuse = (cause: unknown): never => {
    throw readFailure(where, cause);
  };
  const changed = (): UserError =>
    new UserError({
      what: 'the file changed while it was being read',
      where,
      fix: 'run the command again when nothing writes to it',
    });
  const open = async (): Promise<OpenFile> => {
    if (opened !== undefined) return opened;
    opened = await nodeFiles.open(where, 'r').catch(refuse);
    const { mtimeMs } = await nodeFiles.stat(where).catch(refuse);
    openedMtimeMs ??= mtimeMs;
    if (mtimeMs !== openedMtimeMs) throw changed();
    return opened;
  };
  return {
    rowCount,
    columnCount,
    rowBytes,
    where,
    read: async (first, target) => {
      const file = await open();
      const position = described.dataOffset + first * rowBytes;
      for (let done = 0; done < target.length; ) {
        const { bytesRead } = await file.read(target, done, target.length - done, position + done).catch(refuse);
        if (bytesRead === 0) throw changed();
        done += bytesRead;
      }
    },
    fileEnd: () => rowCount,
    decode: (bytes, target) => {
      if (bigEndian || !['f2', 'f4', 'f8'].includes(type)) decodeItems(described, bytes, target);
      else if (type === 'f8') target.set(new Float64Array(bytes.buffer, bytes.byteOffset, target.length));
      else decodeNumbers(bytes, type === 'f2' ? 'float16' : 'float32', target);
    },
    close: async () => {
      const file = opened;
      opened = undefined;
      await file?.close();
    },
  };
}
