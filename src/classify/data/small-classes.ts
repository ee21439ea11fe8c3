import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';

export interface SmallClasses {
  readonly minImages: number;
  readonly classes: readonly string[];
  readonly images: number;
}

/**
 * Leaves out the rows of classes with fewer than `minImages` rows.
 *
 * @param rows indices into `names`
 * @throws UserError if fewer than two classes are left of several
 */
export function withoutSmallClasses(
  rows: Uint32Array,
  names: readonly string[],
  minImages: number | undefined,
): { readonly rows: Uint32Array; readonly small?: SmallClasses } {
  if (minImages === undefined) return { rows };
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(valueAt(names, row), (counts.get(valueAt(names, row)) ?? 0) + 1);
  const classes = [...counts].filter(([, count]) => count < minImages).map(([name]) => name);
  if (classes.length === 0) return { rows };
  if (counts.size > 1 && counts.size - classes.length < 2) {
    const [, second = 1] = [...counts.values()].sort((a, b) => b - a);
    throw new UserError({
      what: 'too few classes have that many images',
      where: `--min-images ${minImages}`,
      found: `${counts.size - classes.length} of ${counted(counts.size, 'class')}`,
      expected: `two classes at least: --min-images up to ${second}`,
      option: { name: 'min-images', value: second > 1 ? '2' : null },
    });
  }
  const left = new Set(classes);
  const kept = rows.filter((row) => !left.has(valueAt(names, row)));
  return { rows: kept, small: { minImages, classes: classes.sort(), images: rows.length - kept.length } };
}

export function describeSmallClasses({ minImages, classes, images }: SmallClasses): string {
  const shown = `${classes.slice(0, 10).join(', ')}${classes.length > 10 ? ', …' : ''}`;
  const what = classes.length === 1 ? 'class' : 'classes';
  return `${classes.length} ${what} with fewer than ${minImages} images left out (--min-images), ${images} ${images === 1 ? 'image' : 'images'}: ${shown}`;
}
