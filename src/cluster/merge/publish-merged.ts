import { join } from 'node:path';
import {
  keepActivationRanges,
  readActivationRanges,
  removeOtherActivationRanges,
} from '../../extract/activation-ranges.ts';
import { keepSpeed } from '../../extract/explain/speed.ts';
import { runFolder, shardFile } from '../../features/manifest/layout.ts';
import type { Manifest, ShardEntry } from '../../features/manifest/manifest.ts';
import { removeJournal } from '../../features/run/journal.ts';
import { type Contents, publish, sameContents } from '../../features/run/publish.ts';
import { keepSpares } from '../../features/run/spares.ts';
import { linkShard } from '../../features/shards/link-shard.ts';
import { valueAt } from '../../system/at.ts';
import { syncFolder } from '../../system/durable.ts';
import { type Files, listIfThere } from '../../system/files.ts';
import { partsFolder } from '../records/layout.ts';
import type { JoinedInputs } from './join-inputs.ts';
import type { CompletePart } from './read-parts.ts';

/** Links the shards with new rows into the set; the parts keep theirs until the set is published. */
export async function takeShards(
  files: Files,
  set: string,
  parts: readonly CompletePart[],
  joined: JoinedInputs,
  firstShard: number,
): Promise<readonly ShardEntry[]> {
  const taken: ShardEntry[] = [];
  for (const { part, shard } of joined.shards()) {
    const { folder, shards } = valueAt(parts, part);
    const entry = valueAt(shards, shard);
    const file = shardFile(firstShard + taken.length);
    await linkShard(files, folder, entry.file, set, file);
    taken.push({ ...entry, file });
  }
  if (taken.length > 0) for (const folder of [set, join(set, runFolder)]) await syncFolder(files, folder);
  return taken;
}

/** Publishes the merged set with its additional files, if it differs from the existing one. */
export async function publishMerged(
  files: Files,
  set: string,
  parts: readonly CompletePart[],
  current: Manifest | undefined,
  contents: Contents,
): Promise<Manifest> {
  const { fields } = contents;
  const opened = fields.calibration && {
    activationRanges: await readActivationRanges(
      await activationRangesFolders(files, set),
      fields.calibration.sha256,
      files,
    ),
    sha256: fields.calibration.sha256,
  };
  if (opened !== undefined) await keepActivationRanges(files, set, opened);
  const isSame = current !== undefined && (await sameContents(current, contents));
  const manifest = isSame ? current : await publish(files, set, contents);
  // A merge killed right after writing its manifest has written none.
  if (isSame) await keepSpares(files, set, manifest);
  await removeJournal(files, set);
  if (opened !== undefined) await removeOtherActivationRanges(files, set, opened);
  const [largest] = parts.map(({ record }) => record.run).sort((a, b) => b.images - a.images);
  const { device, cores, images = 0, seconds = 0 } = largest ?? {};
  if (device !== undefined && cores !== undefined) {
    await keepSpeed(files, set, fields, { device, cores, images, seconds });
  }
  return manifest;
}

async function activationRangesFolders(files: Files, set: string): Promise<readonly string[]> {
  const names = await listIfThere(files, join(set, partsFolder));
  return [set, ...names.filter((name) => name.startsWith('int8-')).map((name) => join(set, partsFolder, name))];
}
