import { createHash } from 'node:crypto';
import { dirname, join, normalize } from 'node:path';
import { decodeModel, maxModelBytes, type ReadExternal } from '../../formats/onnx/decode.ts';
import type { OnnxModel } from '../../formats/onnx/schema.ts';
import { readWholeFile } from '../../formats/whole-file.ts';
import { UserError } from '../../system/errors.ts';
import { fileReason } from '../../system/file-reason.ts';
import { formatBytes } from '../../system/files.ts';
import { readRegularSync } from '../../system/regular-file.ts';

/** A user's own ONNX model, read and checked. */
export interface GraphFile {
  readonly file: string;
  readonly bytes: Uint8Array;
  /** sha256 of the file's bytes, lower-case hex; with external tensors, over the hashes of all files. */
  readonly sha256: string;
  /** Reads tensors stored in external files. */
  readonly readExternal: ReadExternal;
  readonly model: OnnxModel;
}

/**
 * Reads an .onnx file and its external tensor files.
 *
 * @throws UserError if one of them cannot be read, or is outside the model's folder
 */
export async function readGraphFile(path: string): Promise<GraphFile> {
  const { bytes, sha256 } = await readWholeFile(path, 'weights file');
  const files = new Map<string, Uint8Array>();
  let total = bytes.length;
  const readExternal = (location: string): Uint8Array => {
    const known = files.get(location);
    if (known !== undefined) return known;
    const read = readBeside(path, location);
    files.set(location, read);
    total += read.length;
    if (total > maxModelBytes) throw tooLarge(path, total);
    return read;
  };
  const model = decodeModel(bytes, path, readExternal);
  return { file: path, bytes, sha256: files.size === 0 ? sha256 : hashOfAll(sha256, files), readExternal, model };
}

function readBeside(path: string, location: string): Uint8Array {
  const inner = normalize(location.replaceAll('\\', '/')).replaceAll('\\', '/');
  // A model must not access arbitrary files.
  if (inner.startsWith('/') || /^[a-z]:/i.test(inner) || inner === '..' || inner.startsWith('../')) {
    throw new UserError({
      what: 'an ONNX model names a file outside its own folder',
      where: path,
      found: `tensors in ${location}`,
      expected: `a file in ${dirname(path)}`,
      fix: 'take a model that keeps its tensors beside it',
    });
  }
  const file = join(dirname(path), inner);
  try {
    const { size, bytes } = readRegularSync(file, maxModelBytes);
    if (bytes === undefined) throw new Error(`${size} bytes`);
    return bytes;
  } catch (error) {
    throw new UserError({
      what: 'the file that an ONNX model keeps its tensors in cannot be read',
      where: file,
      found: fileReason(error),
      expected: `a file of 2 GiB at most, as ${path} names it`,
      fix: 'put it there, under that name',
      cause: error,
    });
  }
}

/** The runtime needs a single message with all tensors. */
function tooLarge(where: string, bytes: number): UserError {
  return new UserError({
    what: 'the network is too large to run',
    where,
    found: `${formatBytes(bytes)} with the files that it keeps tensors in`,
    expected: `${formatBytes(maxModelBytes)} at most`,
    fix: 'a smaller one of its family, or its fp16 variant',
  });
}

function hashOfAll(sha256: string, files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256').update(sha256);
  for (const [location, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`\n${location} ${createHash('sha256').update(bytes).digest('hex')}`);
  return hash.digest('hex');
}
