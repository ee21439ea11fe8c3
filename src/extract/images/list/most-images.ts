import { UserError } from '../../../system/errors.ts';

/**
 * Images of one data folder: JavaScript's maps and sets, which know images by id and by sha256, hold 2^24 entries (V8).
 */
export const mostImages = 16_000_000;

/** @throws UserError if a data folder holds more than one feature set can */
export function checkImageCount(count: number, root: string): void {
  if (count <= mostImages) return;
  throw new UserError({
    what: 'the data folder has more images than a feature set can hold',
    where: root,
    found: `${count} images`,
    expected: `${mostImages} at most`,
    fix: 'a feature set for each of its folders: --data FOLDER (docs/cluster.md, "Scale")',
  });
}
