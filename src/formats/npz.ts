import { crc32, inflateRawSync } from 'node:zlib';
import type { Entry } from 'yauzl';
import { messageOf, UserError } from '../system/errors.ts';
import { type NpyFileHeader, npyHeaderOf } from './npy/npy-header.ts';
import { readWholeFile } from './whole-file.ts';

/** Largest unpacked array: deflate can compress a thousandfold. */
const largestBytes = 2 ** 32;

/** One array of an .npz archive. */
export interface NpzArray {
  readonly name: string;
  readonly header: NpyFileHeader;
  readonly bytes: Uint8Array;
}

interface NpzFile {
  readonly path: string;
  readonly sha256: string;
  readonly arrays: readonly NpzArray[];
}

/**
 * Reads the arrays of an .npz archive (numpy.savez and savez_compressed): a zip of .npy files.
 *
 * @throws UserError if the archive or one of its arrays is damaged
 */
export async function readNpz(path: string): Promise<NpzFile> {
  const { bytes, sha256 } = await readWholeFile(path, '.npz file');
  const arrays: NpzArray[] = [];
  try {
    const { fromBufferPromise } = await import('yauzl');
    const zip = await fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    for await (const entry of zip.eachEntry() as AsyncIterable<Entry>) {
      if (!entry.fileName.endsWith('.npy')) continue;
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const stored = bytes.subarray(fileDataStart, fileDataStart + entry.compressedSize);
      const npy = unpack(entry, stored, path);
      const name = entry.fileName.slice(0, -'.npy'.length);
      if (arrays.some((array) => array.name === name)) throw broken(path, `two arrays named ${name}`);
      arrays.push({ name, header: await npyHeaderOf(npy, `${path}:${name}`), bytes: npy });
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw broken(path, messageOf(error), error);
  }
  return { path, sha256, arrays };
}

function unpack(entry: Entry, stored: Uint8Array, path: string): Uint8Array {
  const { fileName, uncompressedSize, compressionMethod } = entry;
  if (entry.isEncrypted()) throw broken(path, `${fileName} with a password`);
  if (uncompressedSize > largestBytes) throw broken(path, `${fileName} of ${uncompressedSize} bytes`);
  if (compressionMethod !== 0 && compressionMethod !== 8) throw broken(path, `compression ${compressionMethod}`);
  const data =
    compressionMethod === 0 ? stored : inflateRawSync(stored, { maxOutputLength: Math.max(1, uncompressedSize) });
  if (data.length !== uncompressedSize)
    throw broken(path, `${data.length} of ${uncompressedSize} bytes of ${fileName}`);
  if (crc32(data) !== entry.crc32) throw broken(path, `${fileName} with a wrong checksum`);
  return data;
}

function broken(where: string, found: string, cause?: unknown): UserError {
  return new UserError({
    what: 'the .npz file is incomplete',
    where,
    found,
    expected: 'an archive that numpy.savez or numpy.savez_compressed wrote',
    fix: 'save or copy it again',
    cause,
  });
}
