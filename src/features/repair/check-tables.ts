import { join } from 'node:path';
import { IndexTable } from '../index/index-table.ts';
import { parseLabels } from '../index/labels.ts';
import { countOutcomes, parseOutcomes } from '../index/outcomes.ts';
import { indexFile, labelsFile, outcomesFile } from '../manifest/layout.ts';
import { type Manifest, rowsPerImage } from '../manifest/manifest.ts';
import { describeError, type Problem } from './problem.ts';

/** Bytes of the intact tables. */
export interface Tables {
  readonly index: Uint8Array | undefined;
  readonly labels: Uint8Array | undefined;
  readonly outcomes: Uint8Array | undefined;
}

/** Checks index, labels and outcomes against the shards and each other. */
export function checkTables(folder: string, manifest: Manifest, tables: Tables, problems: Problem[]): void {
  const stride = rowsPerImage(manifest.fields);
  const guarded = <T>(file: string, work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      problems.push({ file, what: describeError(error, folder) });
      return undefined;
    }
  };
  const { index: indexBytes, labels: labelBytes, outcomes: outcomeBytes } = tables;
  if (indexBytes === undefined) return;
  const path = join(folder, indexFile);
  const index = guarded(indexFile, () => new IndexTable(indexBytes, manifest.imageCount, stride, path));
  if (index === undefined) return;
  const ids = new Set<string>();
  const hashes = new Set<string>();
  const rows = new Set<number>();
  for (let image = 0; image < index.imageCount; image++) {
    const { row, id, sha256 } = index.at(image);
    const at = { file: indexFile, rows: [row, row + stride] as const };
    if (row + stride > manifest.rowCount) problems.push({ ...at, what: `the shards hold ${manifest.rowCount} rows` });
    if (!/^[0-9a-f]{64}$/.test(sha256)) problems.push({ ...at, what: `${id}: not a sha256: ${sha256}` });
    if (ids.has(id)) problems.push({ ...at, what: `id ${id} occurs in it twice` });
    if (rows.has(row)) problems.push({ ...at, what: `${id}: another image has the same row` });
    if (hashes.has(sha256)) problems.push({ ...at, what: `${id}: another row has the same bytes` });
    ids.add(id);
    hashes.add(sha256);
    rows.add(row);
  }
  const outcomes = outcomeBytes && guarded(outcomesFile, () => parseOutcomes(outcomeBytes, join(folder, outcomesFile)));
  for (const { id, outcome, row } of outcomes ?? []) {
    if (outcome === 'left-out') continue;
    if (ids.has(id)) problems.push({ file: outcomesFile, what: `id ${id} has a row or an outcome already` });
    if (outcome === 'duplicate' && !(row !== undefined && rows.has(row))) {
      problems.push({ file: outcomesFile, what: `${id} shares row ${row}, which the index does not name` });
    }
    ids.add(id);
  }
  if (outcomes !== undefined) {
    const counts = countOutcomes(index.imageCount, outcomes);
    const saidOf = new Map(Object.entries(manifest.counts));
    for (const [name, count] of Object.entries({ ...counts, leftOut: counts.leftOut ?? 0 })) {
      const said = saidOf.get(name) ?? 0;
      if (said !== count)
        problems.push({ file: outcomesFile, what: `${count} ${name}, but manifest.json says ${said}` });
    }
  }
  const labels = labelBytes && guarded(labelsFile, () => parseLabels(labelBytes, join(folder, labelsFile)));
  if (outcomes === undefined) return;
  for (const id of labels?.keys() ?? []) {
    if (!ids.has(id)) problems.push({ file: labelsFile, what: `id ${id} has neither a row nor an outcome` });
  }
}
