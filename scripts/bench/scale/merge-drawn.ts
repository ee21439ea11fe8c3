import { join } from 'node:path';
import type { RowSink } from '../../../src/cluster/merge/copy-rows.ts';
import { inputsInOrder } from '../../../src/cluster/merge/in-order.ts';
import { mergeTables } from '../../../src/cluster/merge/merge-tables.ts';
import { readParts } from '../../../src/cluster/merge/read-parts.ts';
import type { OutcomeCounts } from '../../../src/features/manifest/manifest.ts';
import { nodeFiles } from '../../../src/system/files.ts';

/** What `merge` does with records and tables; rows are counted and not copied, because there are none. */
export async function mergeTablesOfParts(set: string, partCount: number): Promise<{ readonly counts: OutcomeCounts }> {
  const parts = await readParts(nodeFiles, set, partCount);
  const total = parts.reduce((sum, { record }) => sum + record.counts.kept, 0);
  const scratch = join(set, '.run', 'merge');
  await nodeFiles.makeFolder(scratch);
  const rows: RowSink = { take: () => undefined, finish: async () => [] };
  const inputs = () => inputsInOrder(nodeFiles, parts);
  const tables = await mergeTables(nodeFiles, {
    set,
    scratch,
    dataFolder: '/data',
    stride: 1,
    total,
    hasSplit: false,
    inputs,
    rows,
  });
  await tables.keepMemory();
  return { counts: tables.counts };
}
