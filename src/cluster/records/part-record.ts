import { join } from 'node:path';
import type { LayoutOptions } from '../../extract/images/list/image-file.ts';
import { hashOfJson } from '../../features/manifest/fingerprint.ts';
import type { DeviceName, FingerprintFields } from '../../features/manifest/manifest.ts';
import { messageOf, UserError } from '../../system/errors.ts';
import { type Files, readIfThere } from '../../system/files.ts';
import { readPartFolder, recordFile, stateFolder } from './layout.ts';
import type { Part } from './part.ts';

/** Identifies the list from which a part was made: parts of the same list can be ordered without it. */
export interface ListMark {
  /** sha256 over id, path and label of every input, in order. */
  readonly sha256: string;
  readonly imageCount: number;
  readonly missingCount: number;
  /** The same over the part's own inputs. */
  readonly ownSha256: string;
}

/** Inputs of a part by outcome. */
interface PartCounts {
  /** Have a row, own or shared. */
  readonly kept: number;
  readonly missing: number;
  readonly unreadable: number;
  readonly failed: number;
}

/** How a part was computed, only for `status`. */
interface PartRun {
  readonly host: string;
  /** Of the last attempt. */
  readonly seconds: number;
  /** Images that it computed. */
  readonly images: number;
  /** Device and cores of the network; absent if there was nothing to compute. */
  readonly device?: DeviceName;
  readonly cores?: number;
  /** ISO 8601. */
  readonly finished: string;
}

/** part.json: the completion record of a part. With the manifest, it covers every byte of the part. */
export interface PartRecord {
  readonly formatVersion: 2;
  readonly part: Part;
  readonly fingerprint: string;
  readonly fields: FingerprintFields;
  /** sha256 of the part's manifest; absent if it has no rows. */
  readonly manifestSha256?: string;
  readonly inputsSha256: string;
  /** Whether inputs.csv has a column with the data folder's own split. */
  readonly hasSplit?: true;
  /** left-out.csv, a table like outcomes.csv; only in the first part, if files were left out. */
  readonly leftOut?: { readonly count: number; readonly sha256: string };
  readonly list: ListMark;
  /** Absolute path of the data folder. */
  readonly data: string;
  /** Layout options of the data folder, if any. */
  readonly layout?: LayoutOptions;
  readonly counts: PartCounts;
  /** Reasons of inputs without a row, most frequent first. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  readonly run: PartRun;
  /** sha256 over the canonical JSON of all other fields. */
  readonly sha256: string;
}

export function inputCountOf({ counts }: Pick<PartRecord, 'counts'>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

export function sealRecord(record: Omit<PartRecord, 'sha256'>): PartRecord {
  return { ...record, sha256: hashOfJson(record) };
}

export function formatRecord(record: PartRecord): string {
  return `${JSON.stringify(record, null, 1)}\n`;
}

/** @throws UserError if it is not as `formatRecord` writes it */
function parseRecord(bytes: Uint8Array, path: string): PartRecord {
  let value: Partial<PartRecord>;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw damagedRecord(path, messageOf(error), 'JSON');
  }
  if (typeof value !== 'object' || value === null) throw damagedRecord(path, 'no object', 'an object');
  if (value.formatVersion !== 2) throw damagedRecord(path, `format version ${value.formatVersion}`, 'format version 2');
  const { sha256, ...rest } = value;
  // The record's own sha256 covers every field.
  const actual = hashOfJson(rest);
  if (sha256 !== actual) throw damagedRecord(path, `sha256 ${sha256}`, `${actual}, from the other fields`);
  return value as PartRecord;
}

function damagedRecord(path: string, found: string, expected: string): UserError {
  return new UserError({
    what: 'the record of a part is damaged',
    where: path,
    found,
    expected,
    fix: 'run the part again: it computes what is not whole',
  });
}

/** A part's last state; number 0 if there is none. */
interface PartState {
  readonly number: number;
  /** Absent if there is none, or it is damaged. */
  readonly record?: PartRecord;
  /** What is wrong with the record. */
  readonly damage?: string;
}

/** @param folder the part's */
export async function readPartState(files: Files, folder: string): Promise<PartState> {
  const number = (await readPartFolder(files, folder)).states.at(-1) ?? 0;
  if (number === 0) return { number };
  const path = join(folder, stateFolder(number), recordFile);
  try {
    const bytes = await readIfThere(files, path);
    return bytes === undefined
      ? { number, damage: `${path} is missing` }
      : { number, record: parseRecord(bytes, path) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { number, damage: `${error.parts.what}: ${path}` };
  }
}
