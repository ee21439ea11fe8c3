import { UserError } from '../../../system/errors.ts';
import type { ImageList } from './image-file.ts';

/** Ids that a message shows before it says `…`. */
const shownIds = 5;

/**
 * Refuses a list with missing files, before any image is read, unless the user allowed them; with none left there is
 * nothing to allow.
 *
 * @throws UserError with the count and the first few ids
 */
export function checkMissing(list: ImageList, options: { readonly allowMissing: boolean }): void {
  const { images, missing, table = 'labels.csv' } = list;
  if (missing.length === 0 || (options.allowMissing && images.length > 0)) return;
  const count = (value: number): string => value.toLocaleString('en-US');
  const first = missing.slice(0, shownIds).map(({ id }) => id);
  throw new UserError({
    what: `${table} names ${count(images.length + missing.length)} images of which ${count(images.length)} are there`,
    where: list.root,
    found: `${count(missing.length)} missing: ${first.join(', ')}${missing.length > shownIds ? ', …' : ''}`,
    ...(images.length === 0
      ? {
          expected: 'a file for every id',
          fix: 'put the images there, each named after its id; --images FOLDER names where they lie, --id-column NAME another column of ids',
        }
      : {
          expected:
            'a file for every id: --allow-missing continues without the others and records them in outcomes.csv',
          option: { name: 'allow-missing', value: '' },
        }),
  });
}
