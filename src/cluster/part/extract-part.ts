import { hostname } from 'node:os';
import { join } from 'node:path';
import { addRows, type Run } from '../../extract/add-rows.ts';
import { usableCores } from '../../extract/backbone/cores.ts';
import { type ExtractOptions, featureFolder, listInputs, withNetwork, writerSettings } from '../../extract/extract.ts';
import { InputLedger } from '../../extract/input-ledger.ts';
import { type StepSeconds, Stopwatch } from '../../extract/stopwatch.ts';
import { canonicalJson, fingerprintOf } from '../../features/manifest/fingerprint.ts';
import { runFolder } from '../../features/manifest/layout.ts';
import type { DeviceName, ShardEntry } from '../../features/manifest/manifest.ts';
import { madeOtherwise } from '../../features/run/open-run.ts';
import type { FeatureWriter } from '../../features/run/writer.ts';
import { makeFolder, removeFile, writeDurably } from '../../system/durable.ts';
import { InterruptedError, UserError } from '../../system/errors.ts';
import { type Files, nodeFiles, statIfThere } from '../../system/files.ts';
import { formatInputs, type PartInput } from '../records/input-table.ts';
import {
  failureFile,
  inputsFile,
  partFolder,
  progressFile,
  readPartFolder,
  recordFile,
  stateFolder,
} from '../records/layout.ts';
import type { Part } from '../records/part.ts';
import { listOfPart, type PartList } from '../records/part-list.ts';
import { formatRecord, type PartRecord, readPartState, sealRecord } from '../records/part-record.ts';
import { ProgressWriter, writeFailure } from '../records/progress-file.ts';
import { renameWhereFree } from '../records/rename-where-free.ts';
import { openAttempt } from './attempt.ts';
import { type BaseRows, readBaseRows } from './base-rows.ts';
import { type CarriedRows, readCarriedRows } from './carried-rows.ts';
import { sharedCalibration } from './shared-calibration.ts';

export interface PartResult {
  readonly part: Part;
  /** The feature set's folder, absolute. */
  readonly set: string;
  readonly record: PartRecord;
  /** Images whose rows this run computed. */
  readonly newImages: number;
  /** Images whose rows an earlier, stopped attempt had computed. */
  readonly resumedImages: number;
  /** Whether the part was complete before, with the very inputs that it has now. */
  readonly wasComplete: boolean;
  readonly seconds: StepSeconds;
}

/**
 * Computes one part of a feature set, or what of it is not there yet, and leaves its completion record.
 *
 * @throws UserError as `extract` does; what was computed until then is on the disk, and the next run goes on from it
 * @throws InterruptedError once the signal is aborted, in the same state
 */
export async function extractPart(part: Part, options: ExtractOptions): Promise<PartResult> {
  const { files = nodeFiles } = options;
  const watch = new Stopwatch();
  const all = await watch.time('list', () => listInputs(options));
  const list = listOfPart(all, part);
  const set = featureFolder(options);
  const folder = partFolder(set, part);
  await makeFolder(files, folder);
  const work = async (run: Run): Promise<PartResult> => {
    for (;;) {
      const result = await tryOnce(run, set, part, list, watch);
      // Lost against another process that finished the part: see what it left.
      if (result !== undefined) return result;
    }
  };
  try {
    return await withNetwork(options, all, watch, work, sharedCalibration);
  } catch (error) {
    if (!(error instanceof InterruptedError)) await tellFailure(files, folder, error);
    throw error;
  }
}

/** Leaves the reason for `status`; a disk that refuses that has told its own. */
async function tellFailure(files: Files, folder: string, error: unknown): Promise<void> {
  const reason = error instanceof UserError ? error.parts.what : String(error);
  await writeFailure(files, folder, reason, error instanceof Error ? error.message : String(error)).catch(() => {});
}

/** @returns undefined where another process made a state of the part in the meantime */
async function tryOnce(
  run: Run,
  set: string,
  part: Part,
  list: PartList,
  watch: Stopwatch,
): Promise<PartResult | undefined> {
  const { files, onWarning = () => {} } = run;
  const folder = partFolder(set, part);
  const settings = attemptSettings(run, list);
  const base = await readBaseRows(files, set, list.list, settings.fields, run.replace === true);
  const last = await lastState(run, folder, settings.fields, onWarning);
  const writer = await openAttempt(files, folder, settings);
  let progress: ProgressWriter | undefined;
  try {
    const knownImages = writer.rowOf.size;
    const ledger = new InputLedger(list.list, writer, {
      rehash: run.rehash === true,
      elsewhere: knownElsewhere(writer, base, last.rows),
    });
    progress = new ProgressWriter(files, writer.folder, {
      done: 0,
      computed: 0,
      total: list.list.images.length + list.list.missing.length,
      listTotal: list.mark.imageCount + list.mark.missingCount,
    });
    const { onProgress } = run;
    const noted: Run = {
      ...run,
      onProgress: (event) => {
        progress?.note(event.done, writer.rowOf.size - knownImages);
        onProgress?.(event);
      },
    };
    const joins = last.rows?.record.maker ?? base?.manifest;
    const device = await addRows(
      { ...noted, ...(joins === undefined ? {} : { joins }) },
      list.list,
      writer,
      ledger,
      watch,
    );
    const newImages = writer.rowOf.size - knownImages;
    await progress.close();
    const state = stateFolder(last.number + 1);
    const { record, seconds } = await writeState(run, writer, ledger, part, list, last.rows, {
      newImages,
      device,
      watch,
      state,
    });
    const old = last.rows?.record;
    const wasComplete = old !== undefined && isSame(old, record);
    const { resumedImages } = writer;
    const result = { part, set, record: wasComplete ? old : record, newImages, resumedImages, wasComplete, seconds };
    if (wasComplete) await files.removeFolder(writer.folder);
    else if (await renameWhereFree(files, writer.folder, join(folder, state))) await cleanUp(files, folder, state);
    else return undefined;
    return result;
  } catch (error) {
    // What was computed must not be lost, whatever ends the run; that reason is the one to tell.
    await writer.save().catch(() => undefined);
    await progress?.close(true);
    if (await isDoneByAnother(files, writer.folder, folder, last.number)) return undefined;
    throw error instanceof InterruptedError ? new InterruptedError(run.command) : error;
  } finally {
    await writer.close();
  }
}

/** A folder of rows of its own: nothing of the set is replaced by it. */
function attemptSettings(run: Run, list: PartList) {
  const { replace: _, ...settings } = writerSettings(run, list.list.root);
  return settings;
}

async function lastState(
  run: Run,
  folder: string,
  fields: PartRecord['fields'],
  onDamage: (line: string) => void,
): Promise<{ readonly number: number; readonly rows?: CarriedRows }> {
  const { files } = run;
  const { number, record, damage } = await readPartState(files, folder);
  if (damage !== undefined) onDamage(`${damage}: the part is computed again`);
  if (record === undefined) return { number };
  if (record.fingerprint !== fingerprintOf(fields)) {
    if (run.replace === true) return { number };
    throw madeOtherwise(folder, record.fields, fields);
  }
  const rows = await readCarriedRows(files, folder, number, record, onDamage);
  return rows === undefined ? { number } : { number, rows };
}

/** Images that have a row outside of this attempt; what is known of their files is told to the writer. */
function knownElsewhere(
  writer: FeatureWriter,
  base: BaseRows | undefined,
  rows: CarriedRows | undefined,
): Pick<ReadonlySet<string>, 'has'> {
  for (const file of base?.files ?? []) writer.memory.remember(file);
  for (const { path, mark, sha256 } of rows?.inputs ?? []) {
    if (mark !== undefined && sha256 !== undefined) writer.memory.remember({ path, ...mark, sha256 });
  }
  return { has: (sha256) => rows?.rowOf.has(sha256) === true || base?.images.has(sha256) === true };
}

interface Made {
  readonly newImages: number;
  readonly device: DeviceName | undefined;
  readonly watch: Stopwatch;
  /** Folder's name of the state that is made. */
  readonly state: string;
}

/** Writes table and record of the part into the attempt's folder: its rename makes them the part's state. */
async function writeState(
  run: Run,
  writer: FeatureWriter,
  ledger: InputLedger,
  part: Part,
  list: PartList,
  carried: CarriedRows | undefined,
  { newImages, device, watch, state }: Made,
): Promise<{ readonly record: PartRecord; readonly seconds: StepSeconds }> {
  const { files } = run;
  const { folder, settings } = writer;
  const { shards, maker } = await watch.time('write', () => writer.flush());
  const inputs = [...endings(writer, ledger, list, carried)];
  const inputsSha256 = await writeDurably(files, join(folder, inputsFile), formatInputs(inputs));
  const seconds = watch.stop();
  // Where the rows lie once the folder has got its final name.
  const added: readonly ShardEntry[] = shards.map((shard) => ({ ...shard, file: `${state}/${shard.file}` }));
  const made = maker ?? carried?.record.maker;
  const record = sealRecord({
    formatVersion: 1,
    part,
    fingerprint: fingerprintOf(settings.fields),
    fields: settings.fields,
    ...(made === undefined ? {} : { maker: made }),
    shards: [...(carried?.shards ?? []), ...added],
    inputsSha256,
    list: list.mark,
    data: settings.dataFolder,
    counts: countInputs(inputs),
    reasons: countReasons(inputs),
    run: {
      host: hostname(),
      seconds: seconds.total,
      images: newImages,
      ...(device === undefined ? {} : { device, cores: run.threads ?? usableCores() }),
      finished: new Date().toISOString(),
    },
  });
  await writeDurably(files, join(folder, recordFile), [new TextEncoder().encode(formatRecord(record))]);
  return { record, seconds };
}

function* endings(
  writer: FeatureWriter,
  ledger: InputLedger,
  { list, places, missingPlaces }: PartList,
  carried: CarriedRows | undefined,
): Generator<PartInput> {
  const offset = carried?.rowCount ?? 0;
  for (const [i, { id, relativePath: path, label }] of list.images.entries()) {
    const end = ledger.endOf(i);
    const shared = { place: places[i] as number, id, path, ...(label === undefined ? {} : { label }) };
    if (!('sha256' in end)) {
      yield { ...shared, ...end };
      continue;
    }
    const { sha256 } = end;
    const own = writer.rowOf.get(sha256);
    const row = carried?.rowOf.get(sha256) ?? (own === undefined ? undefined : own + offset);
    const mark = writer.memory.markOf(path, sha256);
    yield {
      ...shared,
      sha256,
      ...(row === undefined ? {} : { row }),
      ...(mark === undefined ? {} : { mark }),
      outcome: 'kept',
      reason: '',
    };
  }
  for (const [i, { id, label }] of list.missing.entries()) {
    const reason = 'labels.csv names it and there is no file';
    yield { place: missingPlaces[i] as number, id, path: '', label, outcome: 'missing', reason };
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

/** Whether two records say the same of a part, apart from when and how they were made. */
function isSame(a: PartRecord, b: PartRecord): boolean {
  const said = ({ run: _, sha256: __, ...rest }: PartRecord): string => canonicalJson(rest);
  return said(a) === said(b);
}

/** Once a part is whole, nobody needs the rows of other attempts, nor what is left of a run in its own folder. */
async function cleanUp(files: Files, folder: string, state: string): Promise<void> {
  await files.removeFolder(join(folder, state, runFolder)).catch(() => undefined);
  await removeFile(files, join(folder, state, progressFile)).catch(() => undefined);
  await removeFile(files, join(folder, failureFile)).catch(() => undefined);
  for (const attempt of (await readPartFolder(files, folder)).attempts) {
    await files.removeFolder(join(folder, attempt)).catch(() => undefined);
  }
}

/**
 * Another run has made a newer state, or a merge has taken the part's folder away: whatever went wrong here, an attempt
 * that lost its own folder being the usual case, there may be nothing left to do.
 */
async function isDoneByAnother(files: Files, attempt: string, part: string, number: number): Promise<boolean> {
  const { states } = await readPartFolder(files, part).catch(() => ({ states: [] as readonly number[] }));
  return (states.at(-1) ?? 0) > number || (await statIfThere(files, attempt).catch(() => true)) === undefined;
}
