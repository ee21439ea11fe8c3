import { basename, dirname, join, resolve } from 'node:path';
import picomatch from 'picomatch';
import { sniff } from '../extract/images/decode/sniff.ts';
import { FileIndex } from '../extract/images/list/file-index.ts';
import type { ImageFile } from '../extract/images/list/image-file.ts';
import { withoutExtension } from '../extract/images/list/image-names.ts';
import { countLeftOut, describeCount } from '../extract/images/list/left-out.ts';
import { openTree } from '../extract/images/list/tree.ts';
import { walkImages } from '../extract/images/list/walk.ts';
import { isArchiveName } from '../formats/archive/list-archive.ts';
import { chooseIdColumn, sampleOf } from '../formats/table/choose-columns.ts';
import { isTableName, openTable } from '../formats/table/open-table.ts';
import { fileSource } from '../formats/table/table.ts';
import { valueAt } from '../system/at.ts';
import { writeDurably } from '../system/durable.ts';
import { errorCode, UserError } from '../system/errors.ts';
import { fileReason } from '../system/file-reason.ts';
import { nodeFiles } from '../system/files.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../system/temporary-folder.ts';

/** A given path without images: listed at the end, without stopping the others. */
export interface InputFailure {
  readonly path: string;
  readonly reason: string;
}

export interface InputOptions {
  /** Source of `-`: paths, one per line, or the bytes of one image. */
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly onFailure: (failure: InputFailure) => void;
  /** Called with what is skipped in a folder, archive or table, and how a table is read. */
  readonly onNote?: (line: string) => void;
}

interface Inputs {
  readonly images: AsyncIterable<ImageFile>;
  /** Removes the temporary copy of standard input; call it after the last image was read. */
  close(): Promise<void>;
}

/**
 * The images of files, folders (recursive), archives, tables, globs and `-` (standard input), in the order given;
 * within a table in its order, within a folder, archive or glob by code point. Lists one at a time and opens no image.
 *
 * Missing files are included; decoding reports them. `relativePath` is the path as the user would type it; `id` is the
 * table's id, else the file name without extension, as in Kaggle's submissions.
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
  let kind: Kind;
  try {
    kind = await kindOf(path);
  } catch (error) {
    options.onFailure({ path, reason: fileReason(error) });
    return;
  }
  if (kind === 'folder' || (kind === 'file' && isArchiveName(path))) yield* treeImages(path, options);
  else if (kind === 'file' && isTableName(path)) yield* tableImages(path, options);
  else if (kind === 'nothing' && picomatch.scan(path).isGlob) yield* globImages(path, options);
  else yield imageFile(path);
}

/** The images of a folder or an archive; other files are reported. */
async function* treeImages(root: string, options: InputOptions): AsyncGenerator<ImageFile> {
  const tree = await listed(root, options, () => openTree(root));
  if (tree === undefined) return;
  const { images, leftOut, tables } = tree;
  const others = [...leftOut, ...tables.map((path) => ({ path, group: 'tables', reason: 'a table' }))];
  if (images.length === 0)
    options.onFailure({ path: root, reason: isArchiveName(root) ? 'no image in it' : 'no image in this folder' });
  if (others.length > 0) options.onNote?.(`${root}: left out: ${countLeftOut(others).map(describeCount).join(', ')}`);
  for (const path of images) yield { ...imageFile(joinSlashes(root, path)), ...tree.locate(path) };
}

/** The images of a table, in its order and with its ids, from below the table's folder. */
async function* tableImages(file: string, options: InputOptions): AsyncGenerator<ImageFile> {
  const folder = dirname(resolve(file));
  const found = await listed(file, options, async () => {
    const [table, tree] = [await openTable(fileSource(file)), await openTree(folder)];
    const index = new FileIndex(tree.images);
    const isFile = (cell: string): boolean => index.find(cell).length > 0;
    return { table, tree, index, column: chooseIdColumn(await sampleOf(table), file, isFile) };
  });
  if (found === undefined) return;
  const { table, tree, index, column } = found;
  options.onNote?.(`${file}: id = ${table.columns[column]}`);
  for await (const { cells, line } of table.rows([column])) {
    const [id = ''] = cells;
    const fitting = preferTest(index.find(id).map((place) => valueAt(tree.images, place)));
    const [path] = fitting;
    if (path !== undefined && fitting.length === 1) {
      yield { id, ...tree.locate(path), relativePath: joinSlashes(dirname(file), path) };
      continue;
    }
    const reason =
      path === undefined ? 'no image of this name' : `several images of this name: ${fitting.slice(0, 3).join(', ')}`;
    options.onFailure({ path: id === '' ? `${file}, line ${line}` : id, reason });
  }
}

/** Among images of the same name, prefers those in a test folder. */
function preferTest(paths: readonly string[]): readonly string[] {
  const tests = paths.filter((path) => /^test/i.test(path));
  return paths.length > 1 && tests.length > 0 ? tests : paths;
}

async function* globImages(pattern: string, options: InputOptions): AsyncGenerator<ImageFile> {
  const { base, glob } = picomatch.scan(process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern);
  const matches = picomatch(glob);
  const root = base === '' ? '.' : base;
  const found =
    (await kindOf(root).catch(() => 'nothing')) === 'folder' ? await listed(root, options, () => walkImages(root)) : [];
  const matching = found?.filter((path) => matches(path));
  if (matching?.length === 0) options.onFailure({ path: pattern, reason: 'no image matches' });
  for (const path of matching ?? []) yield imageFile(base === '' ? path : joinSlashes(base, path));
}

async function listed<T>(path: string, options: InputOptions, list: () => Promise<T>): Promise<T | undefined> {
  try {
    return await list();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    options.onFailure({ path, reason: error.parts.found ?? error.parts.what });
    return undefined;
  }
}

/** Paths, one per line, as they arrive; or an image, recognized by its first bytes. */
async function* standardInput(options: InputOptions, temporary: TemporaryFolder[]): AsyncGenerator<ImageFile> {
  const chunks = options.stdin[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let ended = false;
  // Distinguishing a bitmap from a path starting with BM needs more bytes.
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

type Kind = 'file' | 'folder' | 'nothing';

/** @throws the system's error if unknown */
async function kindOf(path: string): Promise<Kind> {
  try {
    return (await nodeFiles.stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    // A glob pattern may be an invalid file name.
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'].includes(errorCode(error) ?? ''))
      return 'nothing';
    throw error;
  }
}
