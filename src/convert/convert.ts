import { dirname } from 'node:path';
import type { FeatureSet } from '../features/reader.ts';
import { DurableFile, makeFolder, patienceMs } from '../system/durable.ts';
import { UserError } from '../system/errors.ts';
import { type Files, nodeFiles, statIfThere } from '../system/files.ts';
import { convertedRows } from './converted-rows.ts';
import { type FormatName, formats } from './formats.ts';

export interface ConvertOptions {
  readonly to: FormatName;
  readonly file: string;
  /** Whether an existing file may be overwritten. */
  readonly replace?: boolean;
  readonly files?: Files;
  readonly signal?: AbortSignal;
  /** Called with the bytes written. */
  readonly onProgress?: (bytes: number) => void;
}

export interface Converted {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly classCount: number;
  readonly unlabelled: number;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes a feature set as one file of another format: ids, labels and features (float32, without views).
 *
 * @throws UserError if the file exists, cannot be written, or a shard is damaged
 */
export async function convertFeatureSet(set: FeatureSet, options: ConvertOptions): Promise<Converted> {
  const { to, file, files = nodeFiles, signal, onProgress } = options;
  if (options.replace !== true && (await statIfThere(files, file)) !== undefined) {
    throw new UserError({
      what: 'the file exists already',
      where: file,
      fix: '--replace overwrites it, --out FILE writes another',
      exitCode: 2,
    });
  }
  const rows = convertedRows(set);
  if (rows.rowCount === 0) throw new UserError({ what: 'the feature set has no rows', where: set.folder });
  await makeFolder(files, dirname(file));
  const target = await DurableFile.open(files, file, { aloneWithinMs: patienceMs });
  let bytes = 0;
  const sink = {
    write: async (chunk: Uint8Array): Promise<void> => {
      signal?.throwIfAborted();
      await target.write(chunk);
      bytes += chunk.length;
      onProgress?.(bytes);
    },
  };
  try {
    await formats[to].write(rows, sink);
    const sha256 = await target.finish();
    const unlabelled = rows.labels.filter((label) => label === '').length;
    const { rowCount, columnCount, classes } = rows;
    return { rowCount, columnCount, classCount: classes.length, unlabelled, bytes, sha256 };
  } catch (error) {
    await target.discard();
    throw error;
  }
}
