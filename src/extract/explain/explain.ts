import { join } from 'node:path';
import { describePreprocessing } from '../../features/manifest/describe-preprocessing.ts';
import { differences, fingerprintOf } from '../../features/manifest/fingerprint.ts';
import { labelsFile, manifestFile, outcomesFile } from '../../features/manifest/layout.ts';
import {
  type DeviceName,
  type EngineName,
  type FingerprintFields,
  type MadeBy,
  rowLength,
  rowsPerImage,
} from '../../features/manifest/manifest.ts';
import { readState } from '../../features/manifest/state.ts';
import { peekJournal } from '../../features/run/run-records.ts';
import { bytesPerNumber } from '../../formats/npy/npy.ts';
import { type Files, readIfThere } from '../../system/files.ts';
import type { ImageList } from '../images/list/image-file.ts';
import { countLeftOut, type LeftOutCount } from '../images/list/left-out.ts';
import { type SortedInputs, sortInputs } from './sort-inputs.ts';
import { lastSpeed, type MeasuredSpeed } from './speed.ts';

/** What a run would do, and why it would. */
export interface Explanation {
  readonly folder: string;
  readonly reading: readonly string[];
  readonly leftOut: readonly LeftOutCount[];
  readonly preprocessing: string;
  readonly reasons: readonly string[];
  readonly toCompute: number;
  readonly kept: number;
  /** Files identical to another, whose row they share. */
  readonly copies: number;
  /** Whether the run would be refused: the set has another fingerprint, and neither --name nor --replace is given. */
  readonly refuses: boolean;
  /** Estimated seconds at the speed of the last run; absent if none was measured. */
  readonly seconds?: number | undefined;
  readonly speed?: MeasuredSpeed | undefined;
  /** Bytes of new rows; absent if the row shape is unknown. */
  readonly bytes?: number | undefined;
}

interface ExplainRequest {
  readonly files: Files;
  readonly folder: string;
  readonly list: ImageList;
  /** `weightsSha256` may be only the first digits, for weights not downloaded yet. */
  readonly fields: FingerprintFields;
  readonly replace: boolean;
  readonly rehash: boolean;
  /** As asked for; undefined if any will do. */
  readonly engine: EngineName | undefined;
  readonly device: DeviceName | undefined;
  /** Row shape, called only if the set does not have it; undefined if unknown. */
  readonly rowShape: () => Promise<readonly number[] | undefined>;
}

/** Explains what `extract` would compute. Runs no network, writes nothing and takes no lock. */
export async function explain(request: ExplainRequest): Promise<Explanation> {
  const { files, folder, list, replace, rehash } = request;
  const state = await readState(files, folder, [labelsFile, outcomesFile]);
  const manifest = await readIfThere(files, join(folder, manifestFile));
  const stopped = await peekJournal(files, folder, manifest);
  const before = state?.manifest.fields ?? stopped?.fields;
  const fields = completedFromSet(request.fields, before);
  const changed = before === undefined ? [] : differences(before, fields);
  const otherwise = changed.length > 0;
  const left = stopped?.fingerprint === fingerprintOf(fields) ? stopped : undefined;
  const sorted = await sortInputs({ files, folder, list, state, otherwise, left, rehash });
  const { toCompute, kept, copies } = sorted;
  const reasons = changed.map(describeChange);
  if (state === undefined && left === undefined) reasons.push('there is no feature set of this name yet');
  if (otherwise && !replace) {
    reasons.push('the run would stop: --name OTHER keeps both, --replace recomputes it');
  }
  if (left !== undefined) reasons.push(`${counted(left.images.length, 'row')} from the interrupted run`);
  for (const table of state?.missing ?? []) reasons.push(`${table} is gone: it is rewritten from the data folder`);
  reasons.push(...describeInputs(sorted));
  const made = otherwise ? undefined : (state?.manifest.madeBy ?? left?.madeBy);
  if (made !== undefined && toCompute > 0) reasons.push(describeMaker(made, request));
  const speed = await lastSpeed(files, folder, fields);
  // The speed of another device does not apply.
  const usable = request.device === undefined || speed?.device === request.device ? speed : undefined;
  const rowShape =
    (otherwise ? undefined : (state?.manifest.rowShape ?? left?.rowShape)) ??
    (toCompute === 0 ? undefined : await request.rowShape());
  const imageBytes = rowShape && rowLength(rowShape) * bytesPerNumber(fields.dtype) * rowsPerImage(fields);
  return {
    folder,
    reading: list.reading,
    leftOut: countLeftOut(list.leftOut),
    preprocessing: describePreprocessing(fields.preprocessing),
    reasons,
    toCompute,
    kept,
    copies,
    refuses: otherwise && !replace,
    seconds: usable && (toCompute * usable.seconds) / usable.images,
    speed: usable,
    bytes: imageBytes && toCompute * imageBytes,
  };
}

/** The requested fields completed from the set: activation ranges, and a full sha256 for its known prefix. */
function completedFromSet(asked: FingerprintFields, before: FingerprintFields | undefined): FingerprintFields {
  if (before === undefined) return asked;
  // A run reuses the set's activation ranges.
  const calibrated = asked.precision === 'int8' && before.calibration !== undefined;
  const sameWeights = before.weightsSha256.startsWith(asked.weightsSha256);
  return {
    ...asked,
    ...(calibrated ? { calibration: before.calibration } : {}),
    ...(sameWeights ? { weightsSha256: before.weightsSha256 } : {}),
  } as FingerprintFields;
}

/** `preprocessing.resize: 256 -> 224` as `preprocessing changed: resize 256 -> 224`. */
function describeChange(change: string): string {
  const [name = '', values = ''] = change.split(/: (.*)/s);
  const [group = '', ...rest] = name.split('.');
  if (group === 'weightsSha256') return `weights changed: sha256 ${values.replaceAll(/\b([0-9a-f]{8})\S*/g, '$1')}`;
  return rest.length === 0 ? `${group} changed: ${values}` : `${group} changed: ${rest.join('.')} ${values}`;
}

function describeInputs(sorted: SortedInputs): string[] {
  const { newFiles, changedFiles, otherwiseMade, movedFiles, copies, unreadBefore, goneImages, changedLabels } = sorted;
  const lines = [
    [otherwiseMade, 'image', 'to compute again'],
    [newFiles, 'new file', ''],
    [changedFiles, 'changed file', ''],
    [movedFiles, 'renamed, moved or copied file', 'whose bytes have a row'],
    [copies, 'copy', 'of another input, sharing its row'],
    [unreadBefore, 'file', 'that could not be read, to be tried again'],
    [
      goneImages,
      'image',
      `without a file any more: ${goneImages === 1 ? 'its row leaves' : 'their rows leave'} the index`,
    ],
    [changedLabels, 'changed label', ''],
  ] as const;
  const told = lines
    .filter(([count]) => count > 0)
    .map(([count, thing, rest]) => `${counted(count, thing)} ${rest}`.trimEnd());
  return sorted.toCompute === 0 ? [...told, 'nothing to compute'] : told;
}

/** Which engine computed the rows, and what another one must verify first. */
function describeMaker(made: MadeBy, { engine, device }: ExplainRequest): string {
  const first = 'its canary must be within 1e-3 of that of the rows, or the run stops';
  if (engine !== undefined && engine !== made.engine) return `engine changed: ${made.engine} -> ${engine}: ${first}`;
  if (device !== undefined && device !== made.device) return `device changed: ${made.device} -> ${device}: ${first}`;
  return `its rows are from ${made.engine} ${made.engineVersion} on ${made.device}: another one must give the same canary first`;
}

function counted(count: number, thing: string): string {
  return `${count} ${count === 1 ? thing : thing.endsWith('y') ? `${thing.slice(0, -1)}ies` : `${thing}s`}`;
}
