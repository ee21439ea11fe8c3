import { resolve } from 'node:path';
import { listImages } from '../../extract/images/list/list.ts';
import type { ShardEntry } from '../../features/manifest/manifest.ts';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';
import type { InputTable } from '../records/input-table.ts';
import { partsOfList } from '../records/part-list.ts';
import { PartsMissingError } from './part-problems.ts';
import type { CompletePart } from './read-parts.ts';

/** Inputs and shards of a part. */
export interface PartRows {
  readonly inputs: InputTable;
  readonly shards: readonly Pick<ShardEntry, 'rowCount'>[];
}

/** Marks a missing part, image or row. */
export const unassigned = -1;

/** Part and line of each input of the list. */
export interface Places {
  readonly partAt: Int32Array;
  readonly lineAt: Uint32Array;
}

/**
 * @param order the part of each input, in order; or, if all parts were made from one list, its number of inputs
 * @throws UserError if the parts do not make up the list
 */
export function placesOfInputs(parts: readonly PartRows[], order: Int32Array | number): Places {
  return typeof order === 'number' ? placesOfTables(parts, order) : placesOfList(parts, order);
}

function placesOfTables(parts: readonly PartRows[], total: number): Places {
  const found = parts.reduce((sum, { inputs }) => sum + inputs.inputCount, 0);
  if (found !== total) throw doNotAddUp(found, total);
  const partAt = new Int32Array(total).fill(unassigned);
  const lineAt = new Uint32Array(total);
  for (const [part, { inputs }] of parts.entries()) {
    for (const [line, place] of inputs.places.entries()) {
      if (partAt[place] !== unassigned) throw doNotAddUp(place, total);
      partAt[place] = part;
      lineAt[place] = line;
    }
  }
  return { partAt, lineAt };
}

function placesOfList(parts: readonly PartRows[], order: Int32Array): Places {
  const lines = new Uint32Array(parts.length);
  const lineAt = new Uint32Array(order.length);
  for (const [place, part] of order.entries()) {
    const line = lines[part] ?? 0;
    if (line >= (parts[part]?.inputs.inputCount ?? 0)) throw doNotAddUp(place, order.length);
    lineAt[place] = line;
    lines[part] = line + 1;
  }
  const left = parts.some(({ inputs }, part) => inputs.inputCount !== lines[part]);
  if (left) throw doNotAddUp(order.length, order.length);
  return { partAt: order, lineAt };
}

/** For example, if another version of the program assigned images to parts. */
function doNotAddUp(place: number, total: number): UserError {
  return new UserError({
    what: 'the parts do not add up to their list of images',
    found:
      place < total ? `an input, number ${place} perhaps, is in no part or in two` : 'more inputs than the list has',
    expected: `each of ${counted(total, 'input')} in one part`,
    fix: 'run all parts again, with one version of featuretap',
  });
}

/**
 * The order of the inputs if the parts were made from different lists, because files were added or removed. It is taken
 * from the data folder; a part whose own inputs are unchanged is still valid.
 *
 * @returns the part of each input, in order; or the number of inputs of a common list
 * @throws PartsMissingError naming the parts whose inputs changed
 */
export async function orderOfList(
  set: string,
  parts: readonly CompletePart[],
  data: string | undefined,
): Promise<Int32Array | number> {
  const lists = new Set(parts.map(({ record }) => record.list.sha256));
  const { record: first } = valueAt(parts, 0);
  if (lists.size === 1) return first.list.imageCount + first.list.missingCount;
  const folder = resolve(data ?? first.data);
  const list = await listImages(folder, first.layout).catch((error) => {
    if (!(error instanceof UserError)) throw error;
    throw new UserError({
      what: `the parts have ${lists.size} different lists of images, and the data folder is not here to tell which is current`,
      where: folder,
      found: error.parts.what,
      fix: 'merge where the images are (--data FOLDER), or run all parts again: existing rows are kept',
      cause: error,
    });
  });
  const { order, marks } = partsOfList(list, parts.length);
  const stale = parts.flatMap(({ record }, part) =>
    record.list.ownSha256 === marks[part] ? [] : [{ part, what: 'its images have changed since it was made' }],
  );
  if (stale.length > 0) throw new PartsMissingError(set, parts.length, [], stale);
  return order;
}
