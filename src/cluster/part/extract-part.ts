import { hostname } from 'node:os';
import { join } from 'node:path';
import { usableCores } from '../../extract/backbone/cores.ts';
import { type Filled, fill } from '../../extract/extract.ts';
import { InputLedger, missingReason, type RowsElsewhere } from '../../extract/input-ledger.ts';
import { type ExtractRun, withRun, writerSettings } from '../../extract/open-run.ts';
import type { ExtractRequest } from '../../extract/plan.ts';
import type { StepSeconds } from '../../extract/stopwatch.ts';
import { canonicalJson, fingerprintOf } from '../../features/manifest/fingerprint.ts';
import { runFolder } from '../../features/manifest/layout.ts';
import type { ShardEntry } from '../../features/manifest/manifest.ts';
import { madeOtherwise } from '../../features/run/open-run.ts';
import type { FeatureWriter } from '../../features/run/writer.ts';
import { csvBlocks } from '../../features/tables/csv.ts';
import { outcomeLines } from '../../features/tables/outcomes.ts';
import { makeFolder, removeFile, writeDurably } from '../../system/durable.ts';
import { InterruptedError, UserError } from '../../system/errors.ts';
import { type Files, nodeFiles, statIfThere } from '../../system/files.ts';
import type { OnProgress } from '../../system/progress.ts';
import { formatInputs, type PartInput } from '../records/input-table.ts';
import {
  failureFile,
  inputsFile,
  leftOutFile,
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
 * @throws InterruptedError once the signal is aborted, with the same on the disk
 */
export async function extractPart(part: Part, request: ExtractRequest): Promise<PartResult> {
  const { plan, context } = request;
  const { files = nodeFiles } = context;
  const folder = partFolder(plan.folder, part);
  const network = async () => {
    await makeFolder(files, folder);
    return context.network();
  };
  try {
    const listed = { ...request, context: { ...context, network } };
    return await withRun(listed, (run, all) => tryUntilDone(run, part, listOfPart(all, part)), sharedCalibration);
  } catch (error) {
    if (!(error instanceof InterruptedError)) await tellFailure(files, folder, error);
    throw error;
  }
}

async function tryUntilDone(run: ExtractRun, part: Part, list: PartList): Promise<PartResult> {
  for (;;) {
    const result = await tryOnce(run, part, list);
    // Lost against another process that finished the part: see what it left.
    if (result !== undefined) return result;
  }
}

/** Leaves the reason for `status`; a disk that refuses that has told its own. */
async function tellFailure(files: Files, folder: string, error: unknown): Promise<void> {
  const reason = error instanceof UserError ? error.parts.what : String(error);
  await writeFailure(files, folder, reason, error instanceof Error ? error.message : String(error)).catch(() => {});
}

/** @returns undefined where another process made a state of the part in the meantime */
async function tryOnce(run: ExtractRun, part: Part, list: PartList): Promise<PartResult | undefined> {
  const { files } = run;
  const set = run.plan.folder;
  const folder = partFolder(set, part);
  // A folder of rows of its own: nothing of the set is replaced by it.
  const settings = { ...writerSettings(run, list.list.root), replace: undefined };
  const base = await readBaseRows(files, set, list.list, settings.fields, run.policy.replace === true);
  const last = await lastState(run, folder, settings.fields);
  const writer = await openAttempt(files, folder, settings);
  const ledger = new InputLedger(list.list, writer, run.policy.rehash, rowsElsewhere(writer, base, last.rows));
  const progress = followProgress(run, ledger, list);
  try {
    return await fill(progress.run, ledger, async (filled) => {
      await progress.writer.close();
      return keepState(run, ledger, part, list, last, filled);
    });
  } catch (error) {
    await progress.writer.close(true);
    if (await isDoneByAnother(files, writer.folder, folder, last.number)) return undefined;
    throw error;
  }
}

/** The run with a listener that keeps progress.json up to date. */
function followProgress(run: ExtractRun, { writer }: InputLedger, { list, mark }: PartList) {
  const knownImages = writer.rowOf.size;
  const progress = new ProgressWriter(run.files, writer.folder, {
    done: 0,
    computed: 0,
    total: list.images.length + list.missing.length,
    listTotal: mark.imageCount + mark.missingCount,
  });
  const onProgress: OnProgress = (event) => {
    progress.note(event.done, writer.rowOf.size - knownImages);
    run.context.onProgress?.(event);
  };
  return { writer: progress, run: { ...run, context: { ...run.context, onProgress } } };
}

/** Gives the attempt its record and the name of the part's next state, where it says anything new. */
async function keepState(
  run: ExtractRun,
  ledger: InputLedger,
  part: Part,
  list: PartList,
  last: LastState,
  filled: Filled,
): Promise<PartResult | undefined> {
  const { files } = run;
  const set = run.plan.folder;
  const { writer } = ledger;
  const { newImages } = filled;
  const folder = partFolder(set, part);
  const state = stateFolder(last.number + 1);
  const { record, seconds } = await writeState(run, ledger, part, list, last.rows, filled, state);
  const old = last.rows?.record;
  const wasComplete = old !== undefined && isSame(old, record);
  const { resumedImages } = writer;
  if (wasComplete) await files.removeFolder(writer.folder);
  else if (await renameWhereFree(files, writer.folder, join(folder, state))) await cleanUp(files, folder, state);
  else return undefined;
  return { part, set, record: wasComplete ? old : record, newImages, resumedImages, wasComplete, seconds };
}

interface LastState {
  /** 0: there is none. */
  readonly number: number;
  /** What the next state takes over; undefined where nothing of it counts. */
  readonly rows?: CarriedRows | undefined;
}

async function lastState(run: ExtractRun, folder: string, fields: PartRecord['fields']): Promise<LastState> {
  const { files, policy, context } = run;
  const { onWarning: onDamage = () => {} } = context;
  const { number, record, damage } = await readPartState(files, folder);
  if (damage !== undefined) onDamage(`${damage}: the part is computed again`);
  if (record === undefined) return { number };
  if (record.fingerprint !== fingerprintOf(fields)) {
    if (policy.replace === true) return { number };
    throw madeOtherwise(folder, record.fields, fields);
  }
  return { number, rows: await readCarriedRows(files, folder, number, record, onDamage) };
}

/** Images that have a row outside of this attempt; what is known of their files is told to the writer. */
function rowsElsewhere(
  writer: FeatureWriter,
  base: BaseRows | undefined,
  rows: CarriedRows | undefined,
): RowsElsewhere {
  for (const file of base?.files ?? []) writer.memory.remember(file);
  for (const { path, mark, sha256 } of rows?.inputs ?? []) {
    if (mark !== undefined && sha256 !== undefined) writer.memory.remember({ path, ...mark, sha256 });
  }
  return {
    has: (sha256) => rows?.rowOf.has(sha256) === true || base?.images.has(sha256) === true,
    maker: rows?.record.maker ?? base?.manifest,
  };
}

/** Writes table and record of the part into the attempt's folder: its rename makes them the part's state. */
async function writeState(
  run: ExtractRun,
  ledger: InputLedger,
  part: Part,
  list: PartList,
  carried: CarriedRows | undefined,
  { newImages, device }: Filled,
  state: string,
): Promise<{ readonly record: PartRecord; readonly seconds: StepSeconds }> {
  const { files, watch } = run;
  const { writer } = ledger;
  const { folder, settings } = writer;
  const { shards, maker } = await watch.time('write', () => writer.flush());
  const inputs = [...endings(ledger, list, carried)];
  const hasSplit = list.list.images.some((image) => image.split !== undefined);
  const inputsSha256 = await writeDurably(files, join(folder, inputsFile), formatInputs(inputs, hasSplit));
  const leftOut = await writeLeftOut(files, folder, part, list);
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
    ...(hasSplit ? { hasSplit } : {}),
    ...leftOut,
    list: list.mark,
    data: settings.dataFolder,
    ...(run.plan.layout === undefined ? {} : { layout: run.plan.layout }),
    counts: countInputs(inputs),
    reasons: countReasons(inputs),
    run: {
      host: hostname(),
      seconds: seconds.total,
      images: newImages,
      ...(device === undefined ? {} : { device, cores: run.policy.threads ?? usableCores() }),
      finished: new Date().toISOString(),
    },
  });
  await writeDurably(files, join(folder, recordFile), [new TextEncoder().encode(formatRecord(record))]);
  return { record, seconds };
}

/** What the data folder holds beside its inputs belongs to no part: the first one tells it. */
async function writeLeftOut(
  files: Files,
  folder: string,
  part: Part,
  { list: { leftOut } }: PartList,
): Promise<Pick<PartRecord, 'leftOut'>> {
  if (part.index > 0 || leftOut.length === 0) return {};
  const lines = outcomeLines(leftOut.map(({ path, reason }) => ({ id: '', path, outcome: 'left-out', reason })));
  const sha256 = await writeDurably(files, join(folder, leftOutFile), csvBlocks(lines));
  return { leftOut: { count: leftOut.length, sha256 } };
}

function* endings(
  ledger: InputLedger,
  { list, places, missingPlaces }: PartList,
  carried: CarriedRows | undefined,
): Generator<PartInput> {
  const { writer } = ledger;
  const offset = carried?.rowCount ?? 0;
  for (const [i, { id, relativePath: path, label, split }] of list.images.entries()) {
    const end = ledger.endOf(i);
    const said = { ...(label === undefined ? {} : { label }), ...(split === undefined ? {} : { split }) };
    const shared = { place: places[i] as number, id, path, ...said };
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
    yield { place: missingPlaces[i] as number, id, path: '', label, outcome: 'missing', reason: missingReason };
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
