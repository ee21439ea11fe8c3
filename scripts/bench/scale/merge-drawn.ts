import { join } from 'node:path';
import { JoinedInputs } from '../../../src/cluster/merge/join-inputs.ts';
import { readParts } from '../../../src/cluster/merge/read-parts.ts';
import { readInputs } from '../../../src/cluster/records/input-table.ts';
import { saveMemory } from '../../../src/features/index/file-memory.ts';
import { runFolder } from '../../../src/features/manifest/layout.ts';
import type { Manifest } from '../../../src/features/manifest/manifest.ts';
import { publish } from '../../../src/features/run/publish.ts';
import { nodeFiles } from '../../../src/system/files.ts';

/** Merges records and tables like `merge`; there are no shards to check or link. */
export async function mergeTablesOfParts(set: string, partCount: number): Promise<Manifest> {
  const { parts, made } = await readParts(nodeFiles, set, partCount);
  if (made === undefined) throw new Error('no part has rows');
  const rows = [];
  for (const { folder, record, shards } of parts) {
    rows.push({ inputs: await readInputs(nodeFiles, folder, record), shards });
  }
  await nodeFiles.makeFolder(join(set, runFolder));
  const order = rows.reduce((sum, { inputs }) => sum + inputs.inputCount, 0);
  const joined = await JoinedInputs.join({ set, parts: rows, order });
  const manifest = await publish(nodeFiles, set, {
    ...made,
    shards: Array.from(joined.shards(), ({ part, shard }) => parts[part]?.shards[shard] ?? []).flat(),
    images: { [Symbol.iterator]: () => joined.images() },
    labels: { [Symbol.iterator]: () => joined.labels() },
    outcomes: { [Symbol.iterator]: () => joined.outcomes() },
  });
  await saveMemory(nodeFiles, set, made.madeBy.data, joined.files());
  return manifest;
}
