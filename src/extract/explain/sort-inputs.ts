import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { FileMemory, markOf } from '../../features/index/file-memory.ts';
import { IndexTable } from '../../features/index/index-table.ts';
import { parseLabels } from '../../features/index/labels.ts';
import { parseOutcomes } from '../../features/index/outcomes.ts';
import { indexFile, labelsFile, outcomesFile } from '../../features/manifest/layout.ts';
import { rowsPerImage } from '../../features/manifest/manifest.ts';
import type { SetState } from '../../features/manifest/state.ts';
import type { JournaledRun } from '../../features/run/run-records.ts';
import { readEntrySync } from '../../formats/archive/entry.ts';
import { type Files, hashOfFile, nodeFiles } from '../../system/files.ts';
import type { ImageFile, ImageList } from '../images/list/image-file.ts';

interface InputsToSort {
  readonly files: Files;
  readonly folder: string;
  readonly list: ImageList;
  readonly state: SetState | undefined;
  /** Whether its fingerprint differs, so that none of its rows count. */
  readonly otherwise: boolean;
  /** What a stopped run with the same fingerprint left. */
  readonly left: JournaledRun | undefined;
  readonly rehash: boolean;
}

/** Inputs of a run, counted by what would happen to them. */
export interface SortedInputs {
  readonly newFiles: number;
  readonly changedFiles: number;
  /** Files whose rows have another fingerprint. */
  readonly otherwiseMade: number;
  /** Files whose bytes have a row from another path. */
  readonly movedFiles: number;
  /** Files identical to another input, whose row they share. */
  readonly copies: number;
  /** Files without a row in the last run, which may still be unreadable. */
  readonly unreadBefore: number;
  readonly goneImages: number;
  /** Ids whose label changed. */
  readonly changedLabels: number;
  readonly kept: number;
  readonly toCompute: number;
}

/**
 * Classifies the inputs as a run would. Reads new or changed files if necessary: renamed or moved files already have a
 * row, and identical files are computed once.
 */
export async function sortInputs(request: InputsToSort): Promise<SortedInputs> {
  const { files, folder, list, state, otherwise, left, rehash } = request;
  const there = rowsThere(folder, state);
  const known = new Set([...(left?.images ?? []), ...(otherwise ? [] : there.images)]);
  const memory = await FileMemory.load(files, folder, list.root);
  for (const file of left?.files ?? []) memory.remember(file);
  const hasTwinSize = sizesThatRepeat(list);
  const count = { newFiles: 0, changedFiles: 0, otherwiseMade: 0, movedFiles: 0, copies: 0, unreadBefore: 0 };
  const found = new Set<string>();
  const pending = new Set<string>();
  for (const image of list.images) {
    const mark = markOf(image.path, image.entry?.byteCount);
    const recalled = mark === undefined || rehash ? undefined : memory.recall(image.relativePath, mark);
    const worthReading = known.size + there.images.size > 0 || (mark !== undefined && hasTwinSize(mark.size));
    const sha256 = recalled ?? (worthReading ? await hashFile(image) : undefined);
    const before = there.sha256OfPath.get(image.relativePath);
    if (sha256 !== undefined && known.has(sha256)) {
      if (found.has(sha256)) count.copies++;
      // Only rows of the set have paths; those of a stopped run do not yet.
      if (before !== sha256 && there.images.has(sha256)) count.movedFiles++;
      found.add(sha256);
    } else if (sha256 !== undefined && pending.has(sha256)) count.copies++;
    else if (there.unread.has(image.relativePath)) count.unreadBefore++;
    else {
      if (otherwise && sha256 !== undefined && there.images.has(sha256)) count.otherwiseMade++;
      else if (before !== undefined) count.changedFiles++;
      else count.newFiles++;
      pending.add(sha256 ?? image.relativePath);
    }
  }
  const goneImages = otherwise ? 0 : [...there.images].filter((sha256) => !found.has(sha256)).length;
  const toCompute = count.newFiles + count.changedFiles + count.otherwiseMade;
  return { ...count, goneImages, changedLabels: changedLabels(folder, state, list), kept: found.size, toCompute };
}

interface RowsThere {
  readonly images: ReadonlySet<string>;
  /** sha256 by path of the files with rows and their copies. */
  readonly sha256OfPath: ReadonlyMap<string, string>;
  readonly unread: ReadonlySet<string>;
}

function rowsThere(folder: string, state: SetState | undefined): RowsThere {
  const images = new Set<string>();
  const sha256OfPath = new Map<string, string>();
  const unread = new Set<string>();
  if (state === undefined) return { images, sha256OfPath, unread };
  const { index, manifest, outcomes } = state;
  const table = new IndexTable(index, manifest.imageCount, rowsPerImage(manifest.fields), join(folder, indexFile));
  const sha256OfRow = new Map<number, string>();
  for (let image = 0; image < table.imageCount; image++) {
    const { row, path, sha256 } = table.at(image);
    images.add(sha256);
    sha256OfPath.set(path, sha256);
    sha256OfRow.set(row, sha256);
  }
  if (state.missing.includes(outcomesFile)) return { images, sha256OfPath, unread };
  for (const { path, outcome, row } of parseOutcomes(outcomes, join(folder, outcomesFile))) {
    const sha256 = row === undefined ? undefined : sha256OfRow.get(row);
    if (sha256 !== undefined) sha256OfPath.set(path, sha256);
    else if (outcome !== 'missing' && outcome !== 'left-out') unread.add(path);
  }
  return { images, sha256OfPath, unread };
}

/** Whether several files have this size: others cannot be copies and need not be read. */
function sizesThatRepeat(list: ImageList): (size: number) => boolean {
  let counts: Map<number, number> | undefined;
  return (size) => {
    if (counts === undefined) {
      counts = new Map();
      for (const { path, entry } of list.images) {
        const mark = markOf(path, entry?.byteCount);
        if (mark !== undefined) counts.set(mark.size, (counts.get(mark.size) ?? 0) + 1);
      }
    }
    return (counts.get(size) ?? 0) > 1;
  };
}

function changedLabels(folder: string, state: SetState | undefined, list: ImageList): number {
  if (state === undefined || state.missing.includes(labelsFile)) return 0;
  const before = parseLabels(state.labels, join(folder, labelsFile));
  return list.images.filter(({ id, label }) => {
    const old = before.get(id);
    return old !== undefined && label !== undefined && old !== label;
  }).length;
}

/** sha256 of an image's bytes; undefined if it cannot be read, which the run itself will report. */
export async function hashFile(image: ImageFile): Promise<string | undefined> {
  const { path, entry } = image;
  if (entry === undefined) return hashOfFile(nodeFiles, path).catch(() => undefined);
  try {
    const { bytes } = readEntrySync(path, entry, entry.byteCount);
    return bytes && createHash('sha256').update(bytes).digest('hex');
  } catch {
    return undefined;
  }
}
