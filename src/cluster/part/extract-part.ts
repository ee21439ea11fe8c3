import { join } from 'node:path';
import { type Filled, fill } from '../../extract/extract.ts';
import { InputLedger, type RowsElsewhere } from '../../extract/input-ledger.ts';
import { type ExtractRun, withRun, writerSettings } from '../../extract/open-run.ts';
import type { ExtractRequest } from '../../extract/plan.ts';
import type { StepSeconds } from '../../extract/stopwatch.ts';
import type { RememberedFile } from '../../features/index/file-memory.ts';
import { fingerprintOf } from '../../features/manifest/fingerprint.ts';
import { runFolder } from '../../features/manifest/layout.ts';
import { madeOtherwise } from '../../features/run/open-run.ts';
import { makeFolder, removeFile } from '../../system/durable.ts';
import { InterruptedError, messageOf, UserError } from '../../system/errors.ts';
import { type Files, listIfThere, nodeFiles, statIfThere } from '../../system/files.ts';
import type { OnProgress } from '../../system/progress.ts';
import { type InputTable, type PartInput, readInputs } from '../records/input-table.ts';
import { failureFile, partFolder, progressFile, readPartFolder, stateFolder } from '../records/layout.ts';
import type { Part } from '../records/part.ts';
import { listOfPart, type PartList } from '../records/part-list.ts';
import { type PartRecord, readPartState } from '../records/part-record.ts';
import { ProgressWriter, writeFailure } from '../records/progress-file.ts';
import { renameWhereFree } from '../records/rename-where-free.ts';
import { openAttempt } from './attempt.ts';
import { type BaseRows, readBaseRows } from './base-rows.ts';
import { sharedActivationRanges } from './shared-activation-ranges.ts';
import { isSame, writeState } from './write-state.ts';

export interface PartResult {
  readonly part: Part;
  readonly set: string;
  readonly record: PartRecord;
  readonly newImages: number;
  readonly resumedImages: number;
  /** Whether the part was already complete with the same inputs. */
  readonly wasComplete: boolean;
  readonly seconds: StepSeconds;
}

/**
 * Computes the missing rows of one part of a feature set, and writes its completion record.
 *
 * @throws UserError as `extract`; rows computed so far are on disk, and the next run continues there
 * @throws InterruptedError if the signal is aborted, likewise
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
    return await withRun(listed, (run, all) => tryUntilDone(run, part, listOfPart(all, part)), sharedActivationRanges);
  } catch (error) {
    if (!(error instanceof InterruptedError)) await tellFailure(files, folder, error);
    throw error;
  }
}

async function tryUntilDone(run: ExtractRun, part: Part, list: PartList): Promise<PartResult> {
  for (;;) {
    const result = await tryOnce(run, part, list);
    // Another process finished the part first: check its result.
    if (result !== undefined) return result;
  }
}

/** Records the reason for `status`; ignores disk errors. */
async function tellFailure(files: Files, folder: string, error: unknown): Promise<void> {
  const reason = error instanceof UserError ? error.parts.what : String(error);
  await writeFailure(files, folder, reason, messageOf(error)).catch(() => {});
}

/** @returns undefined if another process wrote a state of the part meanwhile */
async function tryOnce(run: ExtractRun, part: Part, list: PartList): Promise<PartResult | undefined> {
  const { files } = run;
  const set = run.plan.folder;
  const folder = partFolder(set, part);
  // A separate folder, so nothing of the set is replaced.
  const settings = { ...writerSettings(run, list.list.root), replace: undefined };
  const base = await readBaseRows(files, set, list.list, settings.fields, run.policy.replace === true);
  let isWhole = true;
  const onDamage = (line: string): void => {
    isWhole = false;
    run.context.onWarning?.(line);
  };
  const last = await lastState(run, folder, settings.fields, onDamage);
  const writer = await openAttempt(files, folder, last.folder, settings, onDamage);
  for (const file of [...(base?.files ?? []), ...rememberedOf(last.inputs)]) writer.memory.remember(file);
  const ledger = new InputLedger(list.list, writer, run.policy.rehash, base && elsewhere(base));
  const progress = followProgress(run, ledger, list);
  try {
    return await fill(progress.run, [{ reading: run.plan, ledger }], async ([filled]) => {
      await progress.writer.close();
      return keepState(run, ledger, part, list, { ...last, isWhole }, filled);
    });
  } catch (error) {
    await progress.writer.close(true);
    if (await isDoneByAnother(files, writer.folder, folder, last.number)) return undefined;
    throw error;
  }
}

/** The run with a listener that updates progress.json. */
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

/** Writes the attempt's record and renames it to the part's next state, unless nothing changed. */
async function keepState(
  run: ExtractRun,
  ledger: InputLedger,
  part: Part,
  list: PartList,
  last: LastState & { readonly isWhole: boolean },
  filled: Filled,
): Promise<PartResult | undefined> {
  const { files } = run;
  const set = run.plan.folder;
  const { writer } = ledger;
  const { newImages } = filled;
  const folder = partFolder(set, part);
  const state = stateFolder(last.number + 1);
  const { record, seconds } = await writeState(run, ledger, part, list, filled);
  const old = last.record;
  // A damaged state needs a new one, even with equal contents.
  const wasComplete = last.isWhole && old !== undefined && isSame(old, record);
  const { resumedImages } = writer;
  if (wasComplete) await files.removeFolder(writer.folder);
  else if (await renameWhereFree(files, writer.folder, join(folder, state))) await cleanUp(files, folder, state);
  else return undefined;
  return { part, set, record: wasComplete ? old : record, newImages, resumedImages, wasComplete, seconds };
}

interface LastState {
  /** 0 if there is none. */
  readonly number: number;
  /** Absent, like the following fields, if the state is unusable. */
  readonly folder?: string;
  readonly record?: PartRecord;
  readonly inputs?: InputTable;
}

async function lastState(
  { files, policy }: ExtractRun,
  part: string,
  fields: PartRecord['fields'],
  onDamage: (line: string) => void,
): Promise<LastState> {
  const { number, record, damage } = await readPartState(files, part);
  if (damage !== undefined) onDamage(`${damage}: the part is recomputed`);
  if (record === undefined) return { number };
  if (record.fingerprint !== fingerprintOf(fields)) {
    if (policy.replace === true) return { number };
    throw madeOtherwise(part, record.fields, fields);
  }
  const folder = join(part, stateFolder(number));
  try {
    return { number, folder, record, inputs: await readInputs(files, folder, record) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onDamage(`${error.parts.what}: ${error.parts.where}: the part is recomputed`);
    return { number };
  }
}

function* rememberedOf(inputs: Iterable<PartInput> = []): Generator<RememberedFile> {
  for (const { path, mark, sha256 } of inputs) {
    if (mark !== undefined && sha256 !== undefined) yield { path, ...mark, sha256 };
  }
}

function elsewhere({ images, manifest }: BaseRows): RowsElsewhere {
  return { has: (sha256) => images.has(sha256), maker: manifest };
}

/** After a part is complete, removes other attempts and the journal. */
async function cleanUp(files: Files, folder: string, state: string): Promise<void> {
  await removeFile(files, join(folder, state, progressFile)).catch(() => undefined);
  for (const name of await listIfThere(files, join(folder, state, runFolder)).catch(() => [])) {
    if (name.startsWith('lock-')) await removeFile(files, join(folder, state, runFolder, name)).catch(() => undefined);
  }
  await removeFile(files, join(folder, failureFile)).catch(() => undefined);
  for (const attempt of (await readPartFolder(files, folder)).attempts) {
    await files.removeFolder(join(folder, attempt)).catch(() => undefined);
  }
}

/**
 * Whether another run wrote a newer state, or a merge removed the part's folder: after a failure, usually of an attempt
 * that lost its folder, there may then be nothing left to do.
 */
async function isDoneByAnother(files: Files, attempt: string, part: string, number: number): Promise<boolean> {
  const { states } = await readPartFolder(files, part).catch(() => ({ states: [] as readonly number[] }));
  return (states.at(-1) ?? 0) > number || (await statIfThere(files, attempt).catch(() => true)) === undefined;
}
