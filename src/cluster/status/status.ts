import { basename, dirname, join } from 'node:path';
import { manifestFile } from '../../features/manifest/layout.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { type Files, nodeFiles, statIfThere } from '../../system/files.ts';
import { quoteArgument } from '../../system/own-command.ts';
import { shortPath } from '../../system/short-path.ts';
import { arrayExpression } from '../plan/array-expression.ts';
import { listParts, partFolder, partsFolder, readPartFolder } from '../records/layout.ts';
import { inputCountOf, type PartRecord, readPartState } from '../records/part-record.ts';
import { readFailure, readProgress, silentSeconds } from '../records/progress-file.ts';

/** Status of the parts of a feature set, read from its folder. */
export interface PartsStatus {
  readonly folder: string;
  readonly partCount: number;
  readonly done: number;
  /** Numbers of the parts in progress. */
  readonly running: readonly number[];
  /** Parts whose last attempt failed, and which are not in progress. */
  readonly failed: readonly number[];
  /** Parts whose last attempt was stopped, or has been silent for a minute. */
  readonly stopped: readonly number[];
  /** Parts not yet started. */
  readonly waiting: readonly number[];
  /** Parts neither done nor running, in the form of `--array`. */
  readonly array: string;
  /** Number of all inputs, once a part has listed them. */
  readonly inputs?: number | undefined;
  /** Inputs with a known outcome. */
  readonly inputsDone: number;
  /** Images with a row in complete parts. */
  readonly rows: number;
  /** Total images per second of running parts. */
  readonly imagesPerSecond: number;
  /** Remaining seconds at that rate; absent if unknown. */
  readonly secondsLeft?: number | undefined;
  /** Inputs of complete parts without a row, and failed attempts, by reason. */
  readonly failures: readonly { readonly reason: string; readonly inputs: number; readonly parts: readonly number[] }[];
}

/**
 * Reads the status of a feature set's parts, without asking a scheduler.
 *
 * @param set absolute path of the feature set
 * @param asked number of parts; default: from the folder
 * @param firstPart command that makes a first part, for the message if there is none
 */
export async function readStatus(
  set: string,
  asked?: number,
  firstPart?: string,
  files: Files = nodeFiles,
): Promise<PartsStatus> {
  const count = asked ?? (await countOfParts(files, set, firstPart));
  const failures = new Failures();
  type Lists = Record<'running' | 'failed' | 'stopped' | 'waiting', number[]>;
  const lists: Lists = { running: [], failed: [], stopped: [], waiting: [] };
  let done = 0;
  let rows = 0;
  let inputsDone = 0;
  let inputs: number | undefined;
  let imagesPerSecond = 0;
  for (let index = 0; index < count; index++) {
    const folder = partFolder(set, { index, count });
    const { record, damage } = await readPartState(files, folder);
    if (record !== undefined) {
      done++;
      rows += record.counts.kept;
      inputsDone += inputCountOf(record);
      inputs = record.list.imageCount + record.list.missingCount;
      failures.addInputs(record);
      continue;
    }
    if (damage !== undefined) failures.addPart(index, damage);
    const attempt = await lastAttempt(files, folder);
    if (attempt !== undefined) {
      inputsDone += attempt.progress.done;
      inputs ??= attempt.progress.listTotal;
    }
    const failure = await readFailure(files, folder);
    if (attempt !== undefined && !attempt.progress.ended && attempt.silentFor < silentSeconds) {
      lists.running.push(index);
      const { computed, seconds } = attempt.progress;
      if (seconds > 0) imagesPerSecond += computed / seconds;
    } else if (failure !== undefined) {
      lists.failed.push(index);
      failures.addPart(index, failure.reason);
    } else lists[attempt === undefined ? 'waiting' : 'stopped'].push(index);
  }
  const idle = [...lists.failed, ...lists.stopped, ...lists.waiting].sort((a, b) => a - b);
  const left = inputs === undefined ? undefined : inputs - inputsDone;
  return {
    folder: set,
    partCount: count,
    done,
    ...lists,
    array: arrayExpression(idle),
    inputs,
    inputsDone,
    rows,
    imagesPerSecond,
    ...(left === undefined || imagesPerSecond === 0 ? {} : { secondsLeft: left / imagesPerSecond }),
    failures: failures.list(),
  };
}

/** The attempt with the latest progress. */
async function lastAttempt(files: Files, folder: string) {
  let last: Awaited<ReturnType<typeof readProgress>>;
  for (const name of (await readPartFolder(files, folder)).attempts) {
    const found = await readProgress(files, join(folder, name));
    if (found !== undefined && (last === undefined || found.silentFor < last.silentFor)) last = found;
  }
  return last;
}

/**
 * Number of parts of a feature set.
 *
 * @param firstPart command that makes a first part; default: one with the name and the cache of the set
 * @throws UserError if there are none, or of several counts
 */
export async function countOfParts(files: Files, set: string, firstPart?: string): Promise<number> {
  const counts = [...new Set((await listParts(files, set)).map(({ count }) => count))];
  const [count] = counts;
  if (counts.length === 1 && count !== undefined) return count;
  if (counts.length === 0) {
    const isWhole = (await statIfThere(files, join(set, manifestFile))) !== undefined;
    const [folder, name, cache] = [shortPath(set), basename(set), shortPath(dirname(set))].map((path) =>
      quoteArgument(path),
    );
    throw new UserError({
      what: isWhole ? 'this feature set was not extracted in parts' : 'this feature set has no parts',
      where: join(set, partsFolder),
      expected: 'parts, as extract --part 0/8 makes the first of eight',
      fix: isWhole
        ? `featuretap verify --features ${folder}`
        : (firstPart ?? `featuretap extract --name ${name} --cache ${cache} --part 0/8`),
    });
  }
  throw usageError('--parts', `no value, and parts of ${counts.join(' and of ')} are there`, '--parts N says which');
}

class Failures {
  readonly #reasons = new Map<string, { inputs: number; parts: number[] }>();

  addInputs({ reasons }: PartRecord): void {
    for (const { reason, count } of reasons) this.#of(reason).inputs += count;
  }

  addPart(part: number, reason: string): void {
    this.#of(reason).parts.push(part);
  }

  list(): PartsStatus['failures'] {
    return [...this.#reasons]
      .map(([reason, each]) => ({ reason, ...each }))
      .sort((a, b) => b.parts.length - a.parts.length || b.inputs - a.inputs);
  }

  #of(reason: string): { inputs: number; parts: number[] } {
    const found = this.#reasons.get(reason) ?? { inputs: 0, parts: [] };
    this.#reasons.set(reason, found);
    return found;
  }
}
