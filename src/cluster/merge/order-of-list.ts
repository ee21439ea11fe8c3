import { resolve } from 'node:path';
import { listImages } from '../../extract/images/list/list.ts';
import { UserError } from '../../system/errors.ts';
import { partsOfList } from '../records/part-list.ts';
import { PartsMissingError } from './part-problems.ts';
import type { CompletePart } from './read-parts.ts';

/**
 * The order of the inputs where the parts were made of several lists: files came or went between them. The data folder
 * then says what is right; a part whose own inputs are as it knows them needs no second run.
 *
 * @returns the part of each input in turn; where all parts know one list, how many inputs it has: each knows its place
 * @throws PartsMissingError naming the parts whose inputs changed
 */
export async function orderOfList(
  set: string,
  parts: readonly CompletePart[],
  data: string | undefined,
): Promise<Int32Array | number> {
  const lists = new Set(parts.map(({ record }) => record.list.sha256));
  const { record: first } = parts[0] as CompletePart;
  if (lists.size === 1) return first.list.imageCount + first.list.missingCount;
  const folder = resolve(data ?? first.data);
  const list = await listImages(folder, first.layout).catch((error) => {
    if (!(error instanceof UserError)) throw error;
    throw new UserError({
      what: `the parts were made of ${lists.size} different lists of images, and the data folder cannot be listed here to tell which holds`,
      where: folder,
      found: error.parts.what,
      fix: 'merge where the images are (--data FOLDER), or run all parts again: what is there is not computed again',
      cause: error,
    });
  });
  const { order, marks } = partsOfList(list, parts.length);
  const stale = parts.flatMap(({ record }, part) =>
    record.list.ownSha256 === marks[part] ? [] : [{ part, what: 'its images are others now than when it was made' }],
  );
  if (stale.length > 0) throw new PartsMissingError(set, parts.length, [], stale);
  return order;
}
