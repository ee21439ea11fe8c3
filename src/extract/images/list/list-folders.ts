import { join } from 'node:path';
import { valueAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import { counted } from '../../../system/printable.ts';
import { idsOf } from './ids.ts';
import type { ImageFile, ImageList, LayoutOptions, SplitName } from './image-file.ts';
import { askedRule, type LabelRule, labelsOf, noLabels, otherReading, usualRule } from './label-rule.ts';
import type { LeftOutFile } from './left-out.ts';
import { folderBelow, isSplit, sharedPrefix, splitOfName, splitOrder } from './splits.ts';
import type { Tree } from './tree.ts';

type Listed = Pick<ImageList, 'layout' | 'reading' | 'images' | 'leftOut'>;

/**
 * Lists images in class folders, a split with class folders in each part, or images without labels.
 *
 * @throws UserError if images and folders of images are mixed, or the folders are not classes
 */
export function listFolders(tree: Tree, options: LayoutOptions): Listed {
  const { images: paths } = tree;
  if (options.labelFrom === noLabels) {
    return { layout: 'flat', reading: ['no labels, as asked'], images: toFiles(tree, paths), leftOut: [] };
  }
  const rule = askedRule(options);
  const prefix = sharedPrefix(paths);
  if (isSplit(paths, prefix)) return listSplits(tree, prefix, rule);
  const isFlat = paths.every((path) => !path.includes('/'));
  if (rule === undefined && isFlat) {
    return { layout: 'flat', reading: ['no labels: images alone'], images: toFiles(tree, paths), leftOut: [] };
  }
  if (rule === undefined) refuseMixture(tree);
  const chosen = rule ?? usualRule(paths);
  const labels = labelsOf(tree.root, paths, chosen, paths);
  const reading = [`class = ${chosen.text}: ${describeClasses(labels)}${otherReading(paths, chosen)}`];
  return { layout: 'folders', reading, images: toFiles(tree, paths, labels), leftOut: [] };
}

/** Whether the folders form at least two classes: a table is then only used if it is unambiguous. */
export function hasClassFolders({ images }: Tree): boolean {
  if (images.length === 0 || images.some((path) => !path.includes('/'))) return false;
  const prefix = sharedPrefix(images);
  const tops = new Set(images.map((path) => folderBelow(path, prefix)));
  // Kaggle's train/ and test/ contain images of all classes, and folders of the same stem are parts of one set.
  const stems = new Set([...tops].map((folder) => folder.replace(/[\W_]*(?:part)?[\W_]*\d*$/i, '')));
  const isHeap =
    [...tops].some((folder) => /^(?:train|test|val|valid|images?)(?:$|[\W_])/i.test(folder)) || stems.size < 2;
  return tops.size >= 2 && (!isHeap || isSplit(images, prefix));
}

function listSplits(tree: Tree, prefix: string, asked: LabelRule | undefined): Listed {
  const leftOut: LeftOutFile[] = [];
  const paths: string[] = [];
  const splits: SplitName[] = [];
  const folders = new Map<SplitName, Set<string>>();
  const trainFolders = new Set<string>();
  for (const path of tree.images) {
    const folder = folderBelow(path, prefix);
    if (splitOfName(folder) === 'train') trainFolders.add(folderBelow(path, `${prefix}${folder}/`));
  }
  if (asked === undefined && trainFolders.has('')) throw noClasses(tree, prefix);
  for (const path of tree.images) {
    const folder = folderBelow(path, prefix);
    const split = splitOfName(folder);
    if (split === undefined) {
      const group = `images in ${prefix}${folder}/, which is none of train, val and test`;
      leftOut.push({ path, group, reason: 'in a folder beside those of the split' });
      continue;
    }
    const inner = folderBelow(path, `${prefix}${folder}/`);
    if (asked === undefined && split === 'test' && !trainFolders.has(inner)) {
      leftOut.push(unlabelled(path, `${prefix}${folder}`));
      continue;
    }
    paths.push(path);
    splits.push(split);
    folders.set(split, (folders.get(split) ?? new Set()).add(folder));
  }
  const below = paths.map((path) => path.slice(prefix.length + folderBelow(path, prefix).length + 1));
  const rule = asked ?? usualRule(below.filter((_, i) => splits[i] === 'train'));
  const labels = labelsOf(tree.root, below, rule, paths);
  const counts = splitOrder.flatMap((split) => {
    const count = splits.filter((each) => each === split).length;
    return count === 0 ? [] : [`${[...(folders.get(split) ?? [])].join(', ')}/ ${count}`];
  });
  const train = new Set(labels.filter((_, i) => splits[i] === 'train'));
  const foreign = [...new Set(labels)].filter((label) => !train.has(label));
  const reading = [
    `split = the folders ${prefix}${counts.join(', ')}; class = ${rule.text} in them: ${describeClasses(labels)}${otherReading(below, rule)}`,
    ...(foreign.length === 0
      ? []
      : [`not in the training part: ${counted(foreign.length, 'class')} (${some(foreign)})`]),
  ];
  const files = toFiles(tree, paths, labels);
  const isWhole = new Set(splits).size > 1;
  const images = isWhole ? files.map((file, i) => ({ ...file, split: valueAt(splits, i) })) : files;
  return { layout: 'splits', reading, images, leftOut };
}

/** An image of a test folder without labels. */
export function unlabelled(path: string, folder: string): LeftOutFile {
  return {
    path,
    group: `images in ${folder}/, without labels: predict reads them`,
    reason: 'in a test folder, without a label',
    kind: 'unlabelled',
  };
}

export function toFiles(tree: Tree, paths: readonly string[], labels?: readonly string[]): readonly ImageFile[] {
  const ids = idsOf(paths);
  return paths.map((relativePath, i) => ({
    id: valueAt(ids, i),
    ...tree.locate(relativePath),
    relativePath,
    ...(labels === undefined ? {} : { label: valueAt(labels, i) }),
  }));
}

/** `2 classes: a, b` */
export function describeClasses(labels: Iterable<string>): string {
  const classes = [...new Set(labels)].sort();
  return `${classes.length} ${classes.length === 1 ? 'class' : 'classes'}: ${some(classes)}`;
}

function some(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
}

function refuseMixture({ root, images }: Tree): void {
  const loose = images.filter((path) => !path.includes('/'));
  const nested = images.length - loose.length;
  if (loose.length === 0) return;
  throw layoutError(
    root,
    `${counted(loose.length, 'image')} (${loose[0]}, …) beside folders with ${counted(nested, 'image')} (${images.find((path) => path.includes('/'))}, …)`,
    'move the images into the folder of their class, or the folders elsewhere; or --label-from REGEX, or --labels FILE',
  );
}

function noClasses({ root, images }: Tree, prefix: string): UserError {
  const folder = images.map((path) => folderBelow(path, prefix)).find((name) => splitOfName(name) === 'train') ?? '';
  const path = join(root, prefix, folder);
  return new UserError({
    what: 'the training folder of a split holds images without a class',
    where: path,
    found: images.find((each) => each.startsWith(`${prefix}${folder}/`)),
    expected: `one folder per class in it, or a table that names its images`,
    fix: `--labels FILE, or --label-from REGEX, or --data ${path} for its images alone, without labels`,
  });
}

function layoutError(root: string, found: string, fix: string): UserError {
  return new UserError({
    what: 'the data folder has no known layout',
    where: root,
    found,
    expected: 'one folder per class, a table beside its images, or images alone',
    fix,
  });
}
