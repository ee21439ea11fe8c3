import { basename, join, resolve } from 'node:path';
import picomatch from 'picomatch';
import { sniff } from '../extract/images/decode/sniff.ts';
import type { ImageFile } from '../extract/images/list/image-file.ts';
import { withoutExtension } from '../extract/images/list/image-names.ts';
import { walkImages } from '../extract/images/list/walk.ts';
import { writeDurably } from '../system/durable.ts';
import { UserError } from '../system/errors.ts';
import { nodeFiles } from '../system/files.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../system/temporary-folder.ts';

/** Something that was named and holds no image: kept for the list at the end, it does not stop the others. */
export interface InputFailure {
  readonly path: string;
  readonly reason: string;
}

export interface InputOptions {
  /** What `-` reads; a list of paths, one a line, or the bytes of one image. */
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly onFailure: (failure: InputFailure) => void;
}

export interface Inputs {
  readonly images: AsyncIterable<ImageFile>;
  /** Removes what standard input was written to; not before the last image was read. */
  close(): Promise<void>;
}

/**
 * The images that files, folders (at any depth), globs and `-` (standard input) name, in the order in which they are
 * named; within a folder or glob by code point. Lists one folder at a time and opens no image.
 *
 * A file that does not exist is handed on: whoever decodes it says so. `relativePath` is the path as a user would
 * write it; `id` is the file's name without its extension, as in Kaggle's submissions.
 */
export function openInputs(paths: readonly string[], options: InputOptions): Inputs {
  const temporary: TemporaryFolder[] = [];
  async function* images(): AsyncGenerator<ImageFile> {
    for (const path of paths) {
      if (path === '-') yield* standardInput(options, temporary);
      else yield* named(path, options);
    }
  }
  return {
    images: images(),
    close: async () => {
      for (const folder of temporary) await folder.remove();
    },
  };
}

async function* named(path: string, options: InputOptions): AsyncGenerator<ImageFile> {
  const kind = await kindOf(path);
  if (kind === 'folder') yield* folderImages(path, options);
  else if (kind === 'nothing' && picomatch.scan(path).isGlob) yield* globImages(path, options);
  else yield imageFile(path);
}

async function* folderImages(folder: string, options: InputOptions): AsyncGenerator<ImageFile> {
  const found = await listed(folder, options);
  if (found?.length === 0) options.onFailure({ path: folder, reason: 'no image in this folder' });
  for (const path of found ?? []) yield imageFile(joinSlashes(folder, path));
}

async function* globImages(pattern: string, options: InputOptions): AsyncGenerator<ImageFile> {
  const { base, glob } = picomatch.scan(process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern);
  const matches = picomatch(glob);
  const root = base === '' ? '.' : base;
  const found = (await kindOf(root)) === 'folder' ? await listed(root, options) : [];
  const matching = found?.filter((path) => matches(path));
  if (matching?.length === 0) options.onFailure({ path: pattern, reason: 'no image matches' });
  for (const path of matching ?? []) yield imageFile(base === '' ? path : joinSlashes(base, path));
}

async function listed(folder: string, options: InputOptions): Promise<readonly string[] | undefined> {
  try {
    return await walkImages(folder);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    options.onFailure({ path: folder, reason: error.parts.found ?? error.parts.what });
    return undefined;
  }
}

/** Paths one a line as they arrive; or, where the first bytes are those of an image, that image. */
async function* standardInput(options: InputOptions, temporary: TemporaryFolder[]): AsyncGenerator<ImageFile> {
  const chunks = options.stdin[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let ended = false;
  // A bitmap tells itself from a path that begins with BM a little later.
  while (head.length < (head[0] === 0x42 && head[1] === 0x4d ? 18 : 12) && !ended) {
    const step = await chunks.next();
    if (step.done === true) ended = true;
    else head = Buffer.concat([head, step.value]);
  }
  const rest: AsyncIterable<Uint8Array> = {
    async *[Symbol.asyncIterator]() {
      yield head;
      for (let step = ended ? undefined : await chunks.next(); step && step.done !== true; step = await chunks.next()) {
        yield step.value;
      }
    },
  };
  if ('kind' in sniff(head)) yield await imageBytes(rest, temporary);
  else {
    for await (const line of lines(rest)) yield* named(line, options);
  }
}

async function imageBytes(chunks: AsyncIterable<Uint8Array>, temporary: TemporaryFolder[]): Promise<ImageFile> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  const folder = await makeTemporaryFolder('stdin');
  temporary.push(folder);
  const path = join(folder.path, 'stdin');
  await writeDurably(nodeFiles, path, parts);
  return { id: 'stdin', path, relativePath: '-' };
}

async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let open = '';
  for await (const chunk of chunks) {
    const whole = (open + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    open = whole.pop() ?? '';
    for (const line of whole) if (line !== '') yield line;
  }
  const last = open + decoder.decode();
  if (last !== '') yield last;
}

function imageFile(path: string): ImageFile {
  return { id: withoutExtension(basename(path)), path: resolve(path), relativePath: path };
}

function joinSlashes(folder: string, path: string): string {
  return `${folder.replace(/[/\\]+$/, '')}/${path}`;
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'nothing'> {
  try {
    return (await nodeFiles.stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
}
