import { join } from 'node:path';
import { linkOrCopy, removeFile } from '../../system/durable.ts';
import { type Files, statIfThere } from '../../system/files.ts';
import { rowChecksFile, runPath } from '../manifest/layout.ts';

/** Gives a shard of one set, and the checks of its rows, a name in another one. A shard never changes once it is whole. */
export async function linkShard(files: Files, from: string, file: string, to: string, as: string): Promise<void> {
  await linkOrCopy(files, join(from, file), join(to, as));
  const checks = runPath(from, rowChecksFile(file));
  // Without them a damaged shard counts as damaged in every row: worth having, not worth failing for.
  const linked = runPath(to, rowChecksFile(as));
  if ((await statIfThere(files, checks)) === undefined) await removeFile(files, linked);
  else await linkOrCopy(files, checks, linked);
}
