import { dirname, join } from 'node:path';
import { UserError } from '../../../system/errors.ts';
import { counted, plural } from '../../../system/printable.ts';
import type { ImageList } from './image-file.ts';
import { sharedPrefix } from './splits.ts';

/**
 * Refuses a list whose images all have one label, before the network runs: no classifier can be trained on it. Images
 * without labels are for `predict` or for labels that come later.
 *
 * @throws UserError with what was seen and the ways out
 */
export function checkClasses({ images, root, layout, reading, leftOut }: ImageList): void {
  const [first] = images;
  if (first?.label === undefined || images.some(({ label }) => label !== first.label)) return;
  const prefix = sharedPrefix(images.map(({ relativePath }) => relativePath));
  const unused = leftOut
    .filter(({ group }) => group.startsWith('tables not used'))
    .slice(0, 3)
    .map(({ path, reason }) => `; ${path} is not used: ${reason}`)
    .join('');
  const parents = new Set(images.map(({ relativePath }) => dirname(relativePath)));
  throw new UserError({
    what: 'only one class was found, and a classifier needs two',
    where: root,
    found: `${counted(images.length, 'image')} of the class ${first.label} (${reading[0] ?? first.relativePath})${unused}`,
    ...(layout === 'table'
      ? { expected: 'at least two classes', fix: '--label-column NAME takes another column' }
      : {
          expected: `at least two classes: a folder for each in ${join(root, prefix)}, a table of labels (--labels FILE), or names that hold the class (--label-from REGEX)${parents.size > 1 ? '' : '; without labels, the images can be searched by find, not classified'}`,
          option: { name: 'label-from', value: parents.size > 1 ? 'parent' : 'none' },
        }),
  });
}

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
    what: `${table} names ${count(images.length + missing.length)} ${plural(images.length + missing.length, 'image')} of which ${count(images.length)} are there`,
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
