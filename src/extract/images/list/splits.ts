import type { SplitName } from './image-file.ts';

const splitNames: Readonly<Record<string, SplitName>> = {
  ...{ train: 'train', training: 'train' },
  ...{ val: 'val', valid: 'val', validation: 'val', dev: 'val' },
  ...{ test: 'test', testing: 'test' },
};

/** The part of a ready-made split that a folder's or a file's name means, in any letter case. */
export function splitOfName(name: string): SplitName | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(splitNames, key) ? splitNames[key] : undefined;
}

export const splitOrder: readonly SplitName[] = ['train', 'val', 'test'];

/** A path's folder below `prefix`, or '' where it lies there directly. */
export function folderBelow(path: string, prefix: string): string {
  const end = path.indexOf('/', prefix.length);
  return end === -1 ? '' : path.slice(prefix.length, end);
}

/** The folders that all paths share: `photos/` for photos/a/1.jpg and photos/b/2.jpg. */
export function sharedPrefix(paths: readonly string[]): string {
  const [first = ''] = paths;
  let prefix = first.slice(0, first.lastIndexOf('/') + 1);
  for (const path of paths) {
    while (!path.startsWith(prefix)) prefix = prefix.slice(0, prefix.lastIndexOf('/', prefix.length - 2) + 1);
  }
  return prefix;
}

/**
 * Whether the folders right below `prefix` are the parts of a ready-made split: every one of them has such a name, and
 * the training part is there; or the training part is there beside another one, both with folders of the same name.
 */
export function isSplit(paths: readonly string[], prefix: string): boolean {
  const inner = new Map<string, Set<string>>();
  // Paths are sorted: of a million, few begin another folder than the one before.
  let last = '\0';
  for (const path of paths) {
    if (path.startsWith(last)) continue;
    const folder = folderBelow(path, prefix);
    if (folder === '') return false;
    const classes = inner.get(folder) ?? new Set();
    inner.set(folder, classes);
    const own = folderBelow(path, `${prefix}${folder}/`);
    classes.add(own);
    last = own === '' ? '\0' : `${prefix}${folder}/${own}/`;
  }
  const named = [...inner].flatMap(([folder, classes]) => {
    const split = splitOfName(folder);
    return split === undefined ? [] : [{ split, classes }];
  });
  const train = named.filter(({ split }) => split === 'train');
  if (train.length === 0 || named.length < 2) return false;
  if (named.length === inner.size) return true;
  const trainClasses = new Set(train.flatMap(({ classes }) => [...classes]));
  return named.some(
    ({ split, classes }) => split !== 'train' && [...classes].some((c) => c !== '' && trainClasses.has(c)),
  );
}
