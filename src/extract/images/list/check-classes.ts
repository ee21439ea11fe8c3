import { join } from 'node:path';
import { UserError } from '../../../system/errors.ts';
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
  throw new UserError({
    what: 'only one class was found, and a classifier needs two',
    where: root,
    found: `${images.length} images of the class ${first.label} (${reading[0] ?? first.relativePath})${unused}`,
    ...(layout === 'table'
      ? { expected: 'at least two classes', fix: '--label-column NAME takes another column' }
      : {
          expected: `at least two classes: a folder for each in ${join(root, prefix)}, --labels FILE, or --label-from REGEX, which takes the class from the names; the command below takes the images without labels`,
          option: { name: 'label-from', value: 'none' },
        }),
  });
}
