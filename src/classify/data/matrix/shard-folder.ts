import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { describeNpyMatrix, type NpyMatrixFile, readNpyMatrix } from '../../../formats/npy/npy-file.ts';
import { openParquet } from '../../../formats/parquet.ts';
import { npyStore } from '../../../rows/npy-store.ts';
import { RowReader } from '../../../rows/row-reader.ts';
import { storedRows, takeRows } from '../../../rows/row-source.ts';
import { stackedStore } from '../../../rows/stacked-store.ts';
import { valueAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import { listIfThere, nodeFiles, readText } from '../../../system/files.ts';
import { counted } from '../../../system/printable.ts';
import { columnRoles } from './column-roles.ts';
import type { ExternalMatrix, MatrixOptions } from './external-matrix.ts';
import { openNpyMatrix } from './npy-matrix.ts';
import { rowNames } from './table-matrix.ts';

/**
 * A folder of shards as clip-retrieval writes it (`img_emb/*.npy` and `metadata/*.parquet`), or of .npy files with a
 * `file_names.txt` as by thingsvision. The shards are concatenated in the order of the numbers in their names.
 *
 * @throws UserError if the folder has no such files, or they do not match
 */
export async function openShardFolder(folder: string, options: MatrixOptions): Promise<ExternalMatrix> {
  const inner = await matching(join(folder, 'img_emb'), /\.npy$/i);
  const own = inner.length > 0 ? inner : await matching(folder, /\.npy$/i);
  const named = own.filter((path) => /feat|emb/i.test(basename(path)));
  const files = named.length > 0 ? named : own;
  if (files.length === 0) {
    throw new UserError({
      what: 'this folder holds no features',
      where: folder,
      found: 'neither manifest.json nor .npy files',
      expected: 'a feature set of extract, img_emb/*.npy with metadata/*.parquet, or .npy files with file_names.txt',
      option: { name: 'features', value: null },
      exitCode: 2,
    });
  }
  const matrix = files.length === 1 ? await openNpyMatrix(valueAt(files, 0)) : await stack(folder, files);
  const metadata = await matching(join(folder, 'metadata'), /\.parquet$/i);
  const beside = metadata.length > 0 ? await readMetadata(metadata, options) : await readFileNames(folder);
  const rows = beside?.ids?.length ?? beside?.labels?.names.length;
  if (rows !== undefined && rows !== matrix.rowCount) {
    throw new UserError({
      what: 'the shards do not match their metadata',
      where: folder,
      found: `${counted(matrix.rowCount, 'row')} in ${files.length} .npy files, ${rows} in ${beside?.from}`,
      expected: 'as many rows in both, shard by shard',
    });
  }
  const shards = `${files.length} .npy file${files.length === 1 ? '' : 's'} (${matrix.rowCount} x ${matrix.columnCount})`;
  return {
    ...matrix,
    where: folder,
    ids: beside?.ids,
    labels: beside?.labels,
    said: `features = ${shards}${beside === undefined ? '' : `; ${beside.said}`}`,
  };
}

async function stack(folder: string, files: readonly string[]): Promise<ExternalMatrix> {
  const parts: NpyMatrixFile[] = [];
  for (const file of files) parts.push(await describeNpyMatrix(file));
  const first = valueAt(parts, 0);
  for (const part of parts) {
    if (part.columnCount === first.columnCount && part.type === first.type && part.bigEndian === first.bigEndian)
      continue;
    throw new UserError({
      what: 'the .npy files of this folder are not shards of one matrix',
      where: folder,
      found: `${basename(first.path)}: ${first.columnCount} of ${first.type}; ${basename(part.path)}: ${part.columnCount} of ${part.type}`,
      expected: 'rows of one length and type',
      fix: 'name the one file: --features FILE.npy',
      exitCode: 2,
    });
  }
  const sha256 = createHash('sha256');
  for (const part of parts) sha256.update(part.sha256);
  const rowCount = parts.reduce((sum, part) => sum + part.rowCount, 0);
  return {
    where: folder,
    rowCount,
    columnCount: first.columnCount,
    sha256: sha256.digest('hex'),
    take: async (rows) => {
      if (!parts.some(({ fortranOrder }) => fortranOrder)) {
        const stores = parts.map((part) => npyStore(part));
        return storedRows(new RowReader(stackedStore(stores, folder)), rows);
      }
      const data = new Float32Array(rowCount * first.columnCount);
      let at = 0;
      for (const part of parts) {
        const read = await readNpyMatrix(part.path);
        data.set(read.data, at);
        at += read.data.length;
      }
      return takeRows({ rowCount, columnCount: first.columnCount, data }, rows);
    },
  };
}

type Beside = Pick<ExternalMatrix, 'ids' | 'labels'> & { readonly from: string; readonly said: string };

async function readMetadata(files: readonly string[], options: MatrixOptions): Promise<Beside> {
  const ids: string[] = [];
  const labels: string[] = [];
  let [idName, labelName]: (string | undefined)[] = [];
  for (const file of files) {
    const { columns, read } = await openParquet(file);
    // The features are in the other files.
    const pretend = [...columns, { name: '\0', kind: 'list' as const }];
    const roles = columnRoles(file, pretend, options, '\0');
    idName = roles.id === undefined ? undefined : columns[roles.id]?.name;
    labelName = roles.label === undefined ? undefined : columns[roles.label]?.name;
    if (idName !== undefined) for (const value of await read(idName)) ids.push(String(value));
    if (labelName !== undefined) for (const value of await read(labelName)) labels.push(String(value ?? ''));
  }
  const from = 'metadata/*.parquet';
  const said = [
    ...(idName === undefined ? [] : [`id = ${idName}`]),
    ...(labelName === undefined ? [] : [`label = ${labelName}`]),
  ];
  return {
    ids: idName === undefined ? undefined : ids,
    labels: labelName === undefined ? undefined : rowNames(labels, from),
    from,
    said: `${from}: ${said.join(', ') || 'no id and no label'}`,
  };
}

/** One path per line, in the order of the rows. */
async function readFileNames(folder: string): Promise<Beside | undefined> {
  const from = 'file_names.txt';
  if (!(await listIfThere(nodeFiles, folder)).includes(from)) return undefined;
  const text = await readText(nodeFiles, join(folder, from));
  return { ids: text.split(/\r?\n/).filter((line) => line !== ''), from, said: `id = a line of ${from}` };
}

async function matching(folder: string, pattern: RegExp): Promise<readonly string[]> {
  const names = (await listIfThere(nodeFiles, folder)).filter((name) => pattern.test(name) && !name.startsWith('.'));
  const order = new Intl.Collator('en', { numeric: true });
  return names.sort((a, b) => order.compare(a, b)).map((name) => join(folder, name));
}
