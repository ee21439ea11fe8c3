import { join } from 'node:path';
import { linkOrCopy, removeFile } from '../../system/durable.ts';
import { type Files, statIfThere } from '../../system/files.ts';
import { rowChecksFile, runPath } from '../manifest/layout.ts';

/** Links a shard and the checksums of its rows into another set. A complete shard never changes. */
export async function linkShard(files: Files, from: string, file: string, to: string, as: string): Promise<void> {
  await linkOrCopy(files, join(from, file), join(to, as));
  const checks = runPath(from, rowChecksFile(file));
  // Optional: without them, every row of a damaged shard counts as damaged.
  const linked = runPath(to, rowChecksFile(as));
  if ((await statIfThere(files, checks)) === undefined) await removeFile(files, linked);
  else await linkOrCopy(files, checks, linked);
}
