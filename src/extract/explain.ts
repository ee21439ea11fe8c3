import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FileMemory, markOf } from '../features/file-memory.ts';
import { type Files, readIfThere } from '../features/files.ts';
import { differences, fingerprintOf } from '../features/fingerprint.ts';
import { IndexTable } from '../features/index-table.ts';
import { type JournaledRun, peekJournal } from '../features/journal.ts';
import { indexFile, manifestFile } from '../features/layout.ts';
import { bytesPerNumber, type FingerprintFields, rowLength, rowsPerImage } from '../features/manifest.ts';
import { readState, type SetState } from '../features/state.ts';
import type { ImageFile, ImageList } from './images/image-file.ts';
import { lastSpeed } from './speed.ts';

/** What a run would do, and why. */
export interface Explanation {
  readonly folder: string;
  readonly reasons: readonly string[];
  /** Images that the network would run over. */
  readonly toCompute: number;
  /** Images that have their row. */
  readonly kept: number;
  /** Whether the run would refuse: the set was made otherwise, and neither --name nor --replace says what to do. */
  readonly refuses: boolean;
  /** At the speed of the last run; absent where none was measured. */
  readonly seconds?: number;
  /** Of new rows; absent before the shape of a row is known. */
  readonly bytes?: number;
}

export interface ExplainRequest {
  readonly files: Files;
  readonly folder: string;
  readonly list: ImageList;
  readonly fields: FingerprintFields;
  readonly replace: boolean;
  readonly rehash: boolean;
  /** Shape of a row, asked for only where the set does not say it. */
  readonly rowShape: () => Promise<readonly number[]>;
}

/**
 * Tells what `extract` would compute. Writes nothing and takes no lock; reads the bytes of files that are new or changed,
 * because a file that was only renamed or moved has its row already.
 */
export async function explain(request: ExplainRequest): Promise<Explanation> {
  const { files, folder, list, replace } = request;
  const state = await readState(files, folder);
  const manifest = await readIfThere(files, join(folder, manifestFile));
  const left = await peekJournal(files, folder, manifest);
  const reasons: string[] = [];
  const before = state?.manifest.fields ?? left?.fields;
  // A run goes on with the calibration of the set: it is made once, of images, and explaining runs none.
  const calibrated = request.fields.precision === 'int8' ? before?.calibration : undefined;
  const fields = calibrated === undefined ? request.fields : { ...request.fields, calibration: calibrated };
  const changed = before === undefined ? [] : differences(before, fields);
  if (changed.length > 0) reasons.push(...changed.map((change) => describeChange(change)));
  const otherwise = changed.length > 0;
  const usable = left?.fingerprint === fingerprintOf(fields) ? left : undefined;
  const sameSet = otherwise ? undefined : state;
  const work = await sortImages(request, sameSet, usable);
  if (state === undefined && usable === undefined) reasons.push('there is no feature set of this name yet');
  else if (otherwise) {
    reasons.push(
      replace
        ? '--replace: every row anew'
        : 'the run would refuse: --name OTHER keeps both, --replace computes it anew',
    );
  }
  reasons.push(...describeWork(work));
  const made = sameSet?.manifest.madeBy;
  if (made !== undefined && work.toCompute > 0) {
    const { engine, engineVersion, device } = made;
    reasons.push(
      `its rows are from ${engine} ${engineVersion} on ${device}: another one must give the same canary first`,
    );
  }
  const speed = await lastSpeed(files, folder, fields);
  const rowShape =
    sameSet?.manifest.rowShape ?? usable?.rowShape ?? (work.toCompute === 0 ? undefined : await request.rowShape());
  const imageBytes = rowShape && rowLength(rowShape) * bytesPerNumber(fields.dtype) * rowsPerImage(fields);
  return {
    folder,
    reasons,
    toCompute: work.toCompute,
    kept: list.images.length - work.toCompute - work.twins,
    refuses: otherwise && !replace,
    ...(speed === undefined ? {} : { seconds: work.toCompute / speed }),
    ...(imageBytes === undefined ? {} : { bytes: work.toCompute * imageBytes }),
  };
}

interface Work {
  readonly newFiles: number;
  readonly changedFiles: number;
  readonly movedFiles: number;
  readonly twins: number;
  readonly goneFiles: number;
  readonly resumed: number;
  readonly toCompute: number;
}

async function sortImages(
  request: ExplainRequest,
  state: SetState | undefined,
  left: JournaledRun | undefined,
): Promise<Work> {
  const { files, folder, list, fields, rehash } = request;
  const known = new Set<string>(left?.images);
  const pathOf = new Map<string, string>();
  if (state !== undefined) {
    const { index, manifest } = state;
    const table = new IndexTable(index, manifest.imageCount, rowsPerImage(fields), join(folder, indexFile));
    for (let image = 0; image < table.imageCount; image++) {
      const { sha256, path } = table.at(image);
      known.add(sha256);
      pathOf.set(path, sha256);
    }
  }
  const memory = await FileMemory.load(files, folder, list.root);
  for (const file of left?.files ?? []) memory.remember(file);
  const count = { newFiles: 0, changedFiles: 0, movedFiles: 0, twins: 0 };
  const pending = new Set<string>();
  const seen = new Set<string>();
  for (const image of list.images) {
    seen.add(image.relativePath);
    const mark = markOf(image.path);
    const recalled = mark === undefined || rehash ? undefined : memory.recall(image.relativePath, mark);
    const sha256 = recalled ?? (known.size === 0 ? undefined : await hashFile(image));
    if (sha256 !== undefined && known.has(sha256)) {
      if (recalled === undefined && pathOf.get(image.relativePath) !== sha256) count.movedFiles++;
      continue;
    }
    if (sha256 !== undefined && pending.has(sha256)) count.twins++;
    else if (pathOf.has(image.relativePath)) count.changedFiles++;
    else count.newFiles++;
    pending.add(sha256 ?? image.relativePath);
  }
  const goneFiles = [...pathOf.keys()].filter((path) => !seen.has(path)).length;
  return { ...count, goneFiles, resumed: left?.images.length ?? 0, toCompute: count.newFiles + count.changedFiles };
}

/** Undefined where the file cannot be read: the run itself will say so. */
async function hashFile(image: ImageFile): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(image.path), hash);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}

/** `preprocessing.resize: 256 -> 224` as `preprocessing changed: resize 256 -> 224`. */
function describeChange(change: string): string {
  const [name = '', values = ''] = change.split(/: (.*)/s);
  const [group = '', ...rest] = name.split('.');
  return rest.length === 0 ? `${group} changed: ${values}` : `${group} changed: ${rest.join('.')} ${values}`;
}

function describeWork({ newFiles, changedFiles, movedFiles, twins, goneFiles, resumed }: Work): readonly string[] {
  const lines: string[] = [];
  if (newFiles > 0) lines.push(`${newFiles} new files`);
  if (changedFiles > 0) lines.push(`${changedFiles} changed files`);
  if (movedFiles > 0) lines.push(`${movedFiles} renamed, moved or copied files: they have their row`);
  if (twins > 0) lines.push(`${twins} copies of new files: they share its row`);
  if (goneFiles > 0) lines.push(`${goneFiles} files are gone or renamed: a row without a file leaves the index`);
  if (resumed > 0) lines.push(`${resumed} rows from the run that was stopped`);
  if (newFiles + changedFiles === 0) lines.push('nothing to compute');
  return lines;
}
