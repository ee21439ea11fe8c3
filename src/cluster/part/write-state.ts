import { hostname } from 'node:os';
import { join } from 'node:path';
import { usableCores } from '../../extract/backbone/processor.ts';
import type { Filled } from '../../extract/extract.ts';
import { type InputLedger, missingReason } from '../../extract/input-ledger.ts';
import type { ExtractRun } from '../../extract/open-run.ts';
import type { StepSeconds } from '../../extract/stopwatch.ts';
import { formatOutcomes } from '../../features/index/outcomes.ts';
import { canonicalJson, fingerprintOf } from '../../features/manifest/fingerprint.ts';
import { valueAt } from '../../system/at.ts';
import { writeDurably } from '../../system/durable.ts';
import type { Files } from '../../system/files.ts';
import { formatInputs, type PartInput } from '../records/input-table.ts';
import { inputsFile, leftOutFile, recordFile } from '../records/layout.ts';
import type { Part } from '../records/part.ts';
import type { PartList } from '../records/part-list.ts';
import { formatRecord, type PartRecord, sealRecord } from '../records/part-record.ts';

/**
 * Publishes the attempt's feature set, if it has rows, and writes the part's table and record. Renaming the folder
 * makes it the part's state.
 */
export async function writeState(
  run: ExtractRun,
  ledger: InputLedger,
  part: Part,
  list: PartList,
  { newImages, device }: Filled,
): Promise<{ readonly record: PartRecord; readonly seconds: StepSeconds }> {
  const { files, watch } = run;
  const { writer } = ledger;
  const { folder, settings } = writer;
  const manifest =
    writer.rowOf.size === 0 ? undefined : await watch.time('write', () => writer.finish(ledger.ending()));
  const inputs = [...endings(ledger, list)];
  const hasSplit = list.list.images.some((image) => image.split !== undefined);
  const inputsSha256 = await writeDurably(files, join(folder, inputsFile), formatInputs(inputs, hasSplit));
  const leftOut = await writeLeftOut(files, folder, list);
  const seconds = watch.stop();
  const record = sealRecord({
    formatVersion: 2,
    part,
    fingerprint: fingerprintOf(settings.fields),
    fields: settings.fields,
    ...(manifest && { manifestSha256: manifest.sha256 }),
    inputsSha256,
    ...(hasSplit && { hasSplit }),
    ...leftOut,
    list: list.mark,
    data: settings.dataFolder,
    ...(run.plan.layout && { layout: run.plan.layout }),
    counts: countInputs(inputs),
    reasons: countReasons(inputs),
    run: {
      host: hostname(),
      seconds: seconds.total,
      images: newImages,
      ...(device && { device, cores: run.policy.threads ?? usableCores() }),
      finished: new Date().toISOString(),
    },
  });
  await writeDurably(files, join(folder, recordFile), [new TextEncoder().encode(formatRecord(record))]);
  return { record, seconds };
}

/** Lists the files of the data folder that are not inputs. */
async function writeLeftOut(
  files: Files,
  folder: string,
  { list: { leftOut } }: PartList,
): Promise<Pick<PartRecord, 'leftOut'>> {
  if (leftOut.length === 0) return {};
  const lines = leftOut.map(({ path, reason }) => ({ id: '', path, outcome: 'left-out' as const, reason }));
  const sha256 = await writeDurably(files, join(folder, leftOutFile), formatOutcomes(lines));
  return { leftOut: { count: leftOut.length, sha256 } };
}

function* endings(ledger: InputLedger, { list, places, missingPlaces }: PartList): Generator<PartInput> {
  const { rowOf, memory } = ledger.writer;
  for (const [i, { id, relativePath: path, label, split }] of list.images.entries()) {
    const place = valueAt(places, i);
    const end = ledger.endOf(i);
    if (!('sha256' in end)) {
      yield { place, id, path, label, split, ...end };
      continue;
    }
    const { sha256 } = end;
    const [row, mark] = [rowOf.get(sha256), memory.markOf(path, sha256)];
    yield { place, row, id, path, sha256, label, split, mark, outcome: 'kept', reason: '' };
  }
  for (const [i, { id, label }] of list.missing.entries()) {
    yield { place: valueAt(missingPlaces, i), id, path: '', label, outcome: 'missing', reason: missingReason(list) };
  }
}

function countInputs(inputs: readonly PartInput[]): PartRecord['counts'] {
  const counts = { kept: 0, missing: 0, unreadable: 0, failed: 0 };
  for (const { outcome } of inputs) counts[outcome]++;
  return counts;
}

const mostReasons = 20;

function countReasons(inputs: readonly PartInput[]): PartRecord['reasons'] {
  const counts = new Map<string, number>();
  for (const { outcome, reason } of inputs) {
    if (outcome !== 'kept') counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))
    .slice(0, mostReasons);
}

/** Whether two records of a part are equal except for time and speed. */
export function isSame(a: PartRecord, b: PartRecord): boolean {
  const said = ({ run: _, sha256: __, ...rest }: PartRecord): string => canonicalJson(rest);
  return said(a) === said(b);
}
