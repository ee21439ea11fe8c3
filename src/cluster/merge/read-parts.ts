import { join } from 'node:path';
import { compareCanaries } from '../../extract/canary.ts';
import { differences } from '../../features/manifest/fingerprint.ts';
import { ShardFile } from '../../features/shards/shard.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, hashOfFile } from '../../system/files.ts';
import { inputsFile, partFolder, stateFolder } from '../records/layout.ts';
import { type PartRecord, readPartState } from '../records/part-record.ts';
import type { MergePart } from './in-order.ts';
import { type PartProblem, PartsMissingError } from './part-problems.ts';

/**
 * Reads the record of every part, and whether they belong together.
 *
 * @throws PartsMissingError naming all that are missing, damaged, or made otherwise than most
 */
export async function readParts(files: Files, set: string, count: number): Promise<readonly MergePart[]> {
  const parts: MergePart[] = [];
  const missing: number[] = [];
  const damaged: PartProblem[] = [];
  for (let index = 0; index < count; index++) {
    const folder = partFolder(set, { index, count });
    const { number: state, record, damage } = await readPartState(files, folder);
    if (record !== undefined) parts.push({ folder, state, record });
    else if (damage !== undefined) damaged.push({ part: index, what: damage });
    else missing.push(index);
  }
  damaged.push(...madeOtherwise(parts));
  if (missing.length + damaged.length > 0) throw new PartsMissingError(set, count, missing, damaged);
  return parts;
}

/** Parts that were made otherwise than most, or whose network gives other numbers. */
function madeOtherwise(parts: readonly MergePart[]): readonly PartProblem[] {
  const counts = new Map<string, number>();
  for (const { record } of parts) counts.set(record.fingerprint, (counts.get(record.fingerprint) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const usual = parts.find(({ record }) => counts.get(record.fingerprint) === most)?.record;
  const first = makerOf(parts.filter(({ record }) => record.fingerprint === usual?.fingerprint));
  return parts.flatMap(({ record }) => {
    const part = record.part.index;
    if (usual !== undefined && record.fingerprint !== usual.fingerprint) {
      const how = differences(usual.fields, record.fields).join('; ');
      return [{ part, what: `made otherwise than the others (${how}): run it again with --replace` }];
    }
    if (first === undefined || record.maker === undefined) return [];
    try {
      compareCanaries(first.canary, record.maker.canary, first.madeBy, record.maker.madeBy);
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return [{ part, what: `${error.parts.what}: ${error.parts.found}; run it again with --replace` }];
    }
  });
}

/** What made the rows, as the first part that has rows tells it. */
export function makerOf(parts: readonly MergePart[]): PartRecord['maker'] {
  return parts.find(({ record }) => record.maker !== undefined)?.record.maker;
}

/**
 * Reads every byte of every part against its record.
 *
 * @returns what is damaged, all of it
 */
export async function findDamage(files: Files, parts: readonly MergePart[]): Promise<readonly PartProblem[]> {
  const problems: PartProblem[] = [];
  for (const { folder, state, record } of parts) {
    const what = await damageOf(files, folder, state, record);
    if (what !== undefined) problems.push({ part: record.part.index, what });
  }
  return problems;
}

async function damageOf(files: Files, folder: string, state: number, record: PartRecord): Promise<string | undefined> {
  try {
    const path = join(folder, stateFolder(state), inputsFile);
    if ((await hashOfFile(files, path)) !== record.inputsSha256) {
      return `its table is not the one that its record names: ${path}`;
    }
    const { maker, fields, shards } = record;
    for (const entry of shards) {
      const shape = { rowShape: maker?.rowShape ?? [], dtype: fields.dtype };
      const shard = await ShardFile.open(files, folder, entry, shape);
      await shard.check().finally(() => shard.close());
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { what, where } = error.parts;
    return where === undefined ? what : `${what}: ${where}`;
  }
}
