import { join } from 'node:path';
import { compareCanaries } from '../../extract/canary.ts';
import { type Outcome, parseOutcomes } from '../../features/index/outcomes.ts';
import { differences } from '../../features/manifest/fingerprint.ts';
import { manifestFile } from '../../features/manifest/layout.ts';
import type { Manifest, ShardEntry } from '../../features/manifest/manifest.ts';
import { parseManifest } from '../../features/manifest/manifest-file.ts';
import { sha256Of } from '../../features/run/spares.ts';
import { ShardFile } from '../../features/shards/shard.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, readIfThere, readWhole } from '../../system/files.ts';
import { type InputTable, readInputs } from '../records/input-table.ts';
import { leftOutFile, partFolder, stateFolder } from '../records/layout.ts';
import { type PartRecord, readPartState } from '../records/part-record.ts';
import { type PartProblem, PartsMissingError } from './part-problems.ts';

/** A complete part: a feature set with its record and table. */
export interface CompletePart {
  readonly folder: string;
  readonly record: PartRecord;
  /** Empty if it has no rows. */
  readonly shards: readonly ShardEntry[];
}

export interface CompleteParts {
  readonly parts: readonly CompletePart[];
  /** The manifest of the first part with rows. */
  readonly made: Manifest | undefined;
}

interface FoundPart {
  readonly folder: string;
  readonly record: PartRecord;
  readonly manifest: Manifest | undefined;
}

/**
 * Reads the record of every part, and checks that they match.
 *
 * @throws PartsMissingError naming all that are missing, damaged, or have another fingerprint than the majority
 */
export async function readParts(files: Files, set: string, count: number): Promise<CompleteParts> {
  const parts: FoundPart[] = [];
  const missing: number[] = [];
  const damaged: PartProblem[] = [];
  for (let index = 0; index < count; index++) {
    const folder = partFolder(set, { index, count });
    const { number, record, damage } = await readPartState(files, folder);
    if (damage !== undefined) damaged.push({ part: index, what: damage });
    else if (record === undefined) missing.push(index);
    else {
      const state = join(folder, stateFolder(number));
      const what = await problemOf(async () => {
        parts.push({ folder: state, record, manifest: await manifestOf(files, state, record) });
      });
      if (what !== undefined) damaged.push({ part: index, what });
    }
  }
  damaged.push(...madeOtherwise(parts));
  if (missing.length + damaged.length > 0) throw new PartsMissingError(set, count, missing, damaged);
  // Keeps only the shards of up to ten thousand manifests: a canary alone takes 11 kB.
  const complete = parts.map(({ folder, record, manifest }) => ({ folder, record, shards: manifest?.shards ?? [] }));
  return { parts: complete, made: makerOf(parts) };
}

async function manifestOf(files: Files, folder: string, record: PartRecord): Promise<Manifest | undefined> {
  if (record.manifestSha256 === undefined) return undefined;
  const path = join(folder, manifestFile);
  const manifest = parseManifest(await readWhole(files, path), path);
  if (manifest.sha256 === record.manifestSha256) return manifest;
  throw new UserError({ what: 'its manifest does not match its record', where: path });
}

/** Parts with another fingerprint than the majority, or another canary. */
function madeOtherwise(parts: readonly FoundPart[]): readonly PartProblem[] {
  const counts = new Map<string, number>();
  for (const { record } of parts) counts.set(record.fingerprint, (counts.get(record.fingerprint) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const usual = parts.find(({ record }) => counts.get(record.fingerprint) === most)?.record;
  const first = makerOf(parts.filter(({ record }) => record.fingerprint === usual?.fingerprint));
  return parts.flatMap(({ record, manifest }) => {
    const part = record.part.index;
    if (usual !== undefined && record.fingerprint !== usual.fingerprint) {
      const how = differences(usual.fields, record.fields).join('; ');
      return [{ part, what: `another fingerprint than the others (${how}): run it again with --replace` }];
    }
    if (first === undefined || manifest === undefined) return [];
    try {
      compareCanaries(first.canary, manifest.canary, first.madeBy, manifest.madeBy);
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return [{ part, what: `${error.parts.what}: ${error.parts.found}; run it again with --replace` }];
    }
  });
}

function makerOf(parts: readonly FoundPart[]): Manifest | undefined {
  return parts.find(({ manifest }) => manifest !== undefined)?.manifest;
}

/**
 * Verifies every byte of every part against record and manifest.
 *
 * @param made what made the rows
 * @param onPart called after each part
 * @returns the table of each part
 * @throws PartsMissingError naming all parts that are damaged
 */
export async function checkParts(
  files: Files,
  set: string,
  parts: readonly CompletePart[],
  made: Manifest | undefined,
  onPart: (part: CompletePart) => void,
): Promise<readonly InputTable[]> {
  const tables: InputTable[] = [];
  const damaged: PartProblem[] = [];
  const block = new Uint8Array(4 << 20);
  for (const part of parts) {
    const what = await problemOf(async () => {
      tables.push(await readInputs(files, part.folder, part.record));
      for (const entry of part.shards) {
        const shape = { rowShape: made?.rowShape ?? [], dtype: part.record.fields.dtype };
        const shard = await ShardFile.open(files, part.folder, entry, shape);
        await shard.check(block).finally(() => shard.close());
      }
    });
    if (what !== undefined) damaged.push({ part: part.record.part.index, what });
    onPart(part);
  }
  if (damaged.length > 0) throw new PartsMissingError(set, parts.length, [], damaged);
  return tables;
}

/**
 * Files of the data folder that are not inputs, as listed by the first part.
 *
 * @throws PartsMissingError if that list is damaged
 */
export async function readLeftOut(
  files: Files,
  set: string,
  parts: readonly CompletePart[],
): Promise<readonly Outcome[]> {
  const [first] = parts;
  if (first?.record.leftOut === undefined) return [];
  const path = join(first.folder, leftOutFile);
  const bytes = (await readIfThere(files, path)) ?? new Uint8Array(0);
  if (sha256Of(bytes) === first.record.leftOut.sha256) return parseOutcomes(bytes, path);
  const what = `its list of left-out files does not match its record: ${path}`;
  throw new PartsMissingError(set, parts.length, [], [{ part: 0, what }]);
}

/** The message of a UserError thrown by `work`; undefined if none is. */
async function problemOf(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { what, where } = error.parts;
    return where === undefined ? what : `${what}: ${where}`;
  }
}
