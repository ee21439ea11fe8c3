import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fingerprintOf } from '../../features/manifest/fingerprint.ts';
import { runFolder } from '../../features/manifest/layout.ts';
import { peekJournal, readHeader } from '../../features/run/run-records.ts';
import { FeatureWriter, type WriterSettings } from '../../features/run/writer.ts';
import { makeFolder, writeDurably } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, listIfThere, readIfThere } from '../../system/files.ts';
import { readPartFolder } from '../records/layout.ts';

/**
 * Opens a writer in a folder of this attempt's own. What an earlier attempt left is not lost: a folder that nobody holds
 * is gone on with; of one that another process holds, or held when its machine died, the rows are copied. Every row that
 * is taken over is checked against the sha256 in its record first, so it does not matter whether that process still lives.
 */
export async function openAttempt(files: Files, part: string, settings: WriterSettings): Promise<FeatureWriter> {
  const fingerprint = fingerprintOf(settings.fields);
  const { attempts } = await readPartFolder(files, part);
  let best: { readonly folder: string; readonly images: number } | undefined;
  for (const name of attempts) {
    const folder = join(part, name);
    if ((await readHeader(files, folder))?.fingerprint !== fingerprint) continue;
    try {
      return await FeatureWriter.open(files, folder, settings);
    } catch (error) {
      // Held by another process, or taken away by one that has finished the part.
      if (!(error instanceof UserError)) throw error;
    }
    const images = (await peekJournal(files, folder, undefined))?.images.length ?? 0;
    if (images > (best?.images ?? 0)) best = { folder, images };
  }
  const folder = join(part, `attempt-${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`);
  await makeFolder(files, join(folder, runFolder));
  if (best !== undefined) await copyRows(files, best.folder, folder);
  return FeatureWriter.open(files, folder, settings);
}

/** Copies what another attempt has on the disk; a file that is gone or half there is found out when it is loaded. */
async function copyRows(files: Files, from: string, to: string): Promise<void> {
  for (const name of await listIfThere(files, join(from, runFolder))) {
    if (/^(run\.json|(shard|piece)-.*\.(json|npy))$/.test(name)) {
      await copyFile(files, join(from, runFolder, name), join(to, runFolder, name));
    }
  }
  for (const name of await listIfThere(files, from)) {
    if (/^features-\d+\.npy$/.test(name)) await copyFile(files, join(from, name), join(to, name));
  }
}

async function copyFile(files: Files, from: string, to: string): Promise<void> {
  const bytes = await readIfThere(files, from).catch(() => undefined);
  if (bytes !== undefined) await writeDurably(files, to, [bytes], bytes.length);
}
