import { UserError } from '../../../system/errors.ts';
import { counted } from '../../../system/printable.ts';

/** Most images of a data folder: JavaScript's maps and sets, keyed by id and sha256, hold 2^24 entries (V8). */
export const mostImages = 16_000_000;

/** @throws UserError if a data folder has too many images for a feature set */
export function checkImageCount(count: number, root: string): void {
  if (count <= mostImages) return;
  throw new UserError({
    what: 'the data folder has more images than a feature set can hold',
    where: root,
    found: `${counted(count, 'image')}`,
    expected: `${mostImages} at most`,
    fix: 'a feature set for each of its folders: --data FOLDER (docs/cluster.md, "Scale")',
  });
}
