import { basename } from 'node:path';
import { LabelChecks } from '../../../formats/table/label-checks.ts';
import { valueAt, valuesAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import type { FoundTable } from './find-tables.ts';
import { idsOf } from './ids.ts';
import type { ImageFile, ImageList, LayoutOptions, SplitName } from './image-file.ts';
import type { LeftOutFile } from './left-out.ts';
import { describeClasses, unlabelled } from './list-folders.ts';
import { folderBelow, sharedPrefix, splitOfName } from './splits.ts';
import type { Tree } from './tree.ts';

type Listed = Omit<ImageList, 'root'>;

/** A line of a table. */
interface Named {
  readonly id: string;
  readonly label: string;
  readonly line: number;
  readonly split?: SplitName | undefined;
  readonly table: FoundTable;
}

const shown = 10;

/**
 * Lists the images in tables, in the tables' order. Duplicate lines with the same label are merged.
 *
 * @throws UserError naming the line: without an id or a label, for several files or with several labels
 */
export async function listTables(tree: Tree, tables: readonly FoundTable[], options: LayoutOptions): Promise<Listed> {
  const images = new Map<string, Named>();
  const missing = new Map<string, { readonly id: string; readonly label: string }>();
  const conflicts = new Map<string, string>();
  let repeats = 0;
  for (const table of tables) {
    for await (const named of rowsOf(table)) {
      const path = fileOf(table, named);
      const key = path ?? `\0${named.id}`;
      const before = images.get(key) ?? missing.get(key);
      if (before !== undefined) {
        if (before.label === named.label) repeats++;
        else conflicts.set(key, `${named.id}: ${before.label} and ${named.label} (line ${named.line})`);
      } else if (path === undefined) missing.set(key, named);
      else images.set(path, named);
    }
  }
  const first = valueAt(tables, 0);
  const leftOut: LeftOutFile[] = [];
  if (conflicts.size > 0 && options.conflicts !== 'drop') throw conflicting(first, [...conflicts.values()]);
  for (const key of conflicts.keys()) {
    if (images.delete(key)) {
      leftOut.push({ path: key, group: 'images with different labels', reason: 'two lines give it different labels' });
    } else missing.delete(key);
  }
  const reading = [
    ...tables.map(({ text, split }) => (split === undefined ? text : `${text}; split = ${split}`)),
    ...(repeats === 0
      ? []
      : [`${repeats} ${repeats === 1 ? 'line repeats' : 'lines repeat'} an image with the same label: one input each`]),
  ];
  if (images.size > 0) reading.push(describeClasses([...images.values()].map(({ label }) => label)));
  const split = splitsByFolder(images, tables);
  if (split !== undefined) reading.push(`split = the folders: ${split.text}`);
  const used = toFiles(tree, images, split?.of);
  leftOut.push(...others(tree, images, conflicts, tables));
  return {
    layout: 'table',
    table: tables.map(({ name }) => name).join(', '),
    reading,
    images: used,
    missing: [...missing.values()].map(({ id, label }) => ({ id, label })),
    leftOut,
  };
}

async function* rowsOf(found: FoundTable): AsyncGenerator<Named> {
  const { table, name, reading, split } = found;
  const names = valuesAt(table.columns, reading.labelColumns);
  const checks = new LabelChecks(names);
  const fail = (what: string, foundText: string, fix: string, line: number): UserError =>
    new UserError({
      what: `${basename(name)} ${what}`,
      where: `${table.where}, line ${line}`,
      found: foundText,
      expected: 'an id and a label in every row',
      fix,
    });
  refuseNoHeader(found);
  let count = 0;
  for await (const { line, cells } of table.rows([reading.idColumn, ...reading.labelColumns])) {
    count++;
    const [id = '', ...labels] = cells;
    if (id === '') throw fail('has an empty id', cells.join(','), 'give the id, or remove the line', line);
    const label = checks.label(id, labels, names);
    if (label === undefined) {
      const fix = 'give the label, or remove the line: its image is then left out';
      throw fail('has an empty label', `id ${JSON.stringify(id)} without a label`, fix, line);
    }
    yield { id, label, line, table: found, split };
  }
  if (count === 0) {
    const fix = 'name the images in it, or take it away where folders name the classes';
    throw fail('names no image', 'a header alone', fix, 1);
  }
  checks.finish(table.where);
}

/** A header with the name of a file is a first row. */
function refuseNoHeader({ table, name, reading, index, paths }: FoundTable): void {
  const [place] = index.find(valueAt(table.columns, reading.idColumn));
  if (place === undefined) return;
  throw new UserError({
    what: `${basename(name)} has no header`,
    where: `${table.where}, line 1`,
    found: `${table.columns.join(',')}, which names ${paths[place]}`,
    expected: 'a first line such as id,label',
    fix: 'put a line id,label before it',
  });
}

/** The image of an id; undefined if there is none. @throws UserError if it is ambiguous */
function fileOf({ table, index, paths, name, split }: FoundTable, { id, line }: Named): string | undefined {
  const places = index.find(id);
  if (places.length <= 1) return places[0] === undefined ? undefined : paths[places[0]];
  const found = valuesAt(paths, places);
  const best = preferred(found, split ?? basename(name).replace(/\.[^.]*$/, ''));
  if (best.length === 1) return best[0];
  throw new UserError({
    what: `one id of ${basename(name)} has several files`,
    where: `${table.where}, line ${line}`,
    found: `id ${id}: ${found.slice(0, 5).join(', ')}${found.length > 5 ? ', …' : ''}`,
    expected: 'one file per id',
    fix: 'remove the extra file, or --images FOLDER names the right folder',
  });
}

/**
 * Among the files of an id, those in the folder matching the table's name: train_images/ for train.csv; never test/.
 */
function preferred(paths: readonly string[], table: string): readonly string[] {
  const prefix = sharedPrefix(paths);
  const rank = (path: string): number => {
    const folder = folderBelow(path, prefix).toLowerCase();
    if (table !== 'labels' && folder.startsWith(table.toLowerCase())) return 0;
    if (folder.startsWith('train')) return 1;
    return folder.startsWith('test') ? 3 : 2;
  };
  const best = Math.min(...paths.map(rank));
  return paths.filter((path) => rank(path) === best);
}

function toFiles(
  tree: Tree,
  images: ReadonlyMap<string, Named>,
  splitOf: ((path: string) => SplitName | undefined) | undefined,
): readonly ImageFile[] {
  const all = [...images];
  // Two tables may each have a 1.jpg.
  const ids = new Set(all.map(([, { id }]) => id)).size === all.length ? undefined : idsOf(all.map(([path]) => path));
  return all.map(([relativePath, { id, label, split }], i) => {
    const part = split ?? splitOf?.(relativePath);
    return {
      id: ids?.[i] ?? id,
      ...tree.locate(relativePath),
      relativePath,
      label,
      ...(part === undefined ? {} : { split: part }),
    };
  });
}

/** The split by the images' folders, if a table lists images of two parts. */
function splitsByFolder(
  images: ReadonlyMap<string, Named>,
  tables: readonly FoundTable[],
): { readonly text: string; readonly of: (path: string) => SplitName | undefined } | undefined {
  if (tables.length > 1) return undefined;
  const paths = [...images.keys()];
  const prefix = sharedPrefix(paths);
  const counts = new Map<string, number>();
  for (const path of paths) {
    const folder = folderBelow(path, prefix);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  const splits = [...counts.keys()].map(splitOfName);
  if (counts.size < 2 || splits.includes(undefined) || !splits.includes('train')) return undefined;
  return {
    text: [...counts].map(([folder, count]) => `${folder}/ ${count}`).join(', '),
    of: (path) => splitOfName(folderBelow(path, prefix)),
  };
}

function others(
  { images: all }: Tree,
  images: ReadonlyMap<string, Named>,
  conflicts: ReadonlyMap<string, string>,
  tables: readonly FoundTable[],
): readonly LeftOutFile[] {
  const names = tables.map(({ name }) => name).join(', ');
  const prefix = sharedPrefix(all);
  return all.flatMap((path) => {
    if (images.has(path) || conflicts.has(path)) return [];
    const folder = folderBelow(path, prefix);
    if (/^test/i.test(folder)) return [unlabelled(path, `${prefix}${folder}`)];
    const group = `images${folder === '' ? '' : ` in ${prefix}${folder}/`} that ${names} does not name`;
    return [{ path, group, reason: `${names} does not name it`, kind: 'unnamed' as const }];
  });
}

function conflicting({ table, name }: FoundTable, conflicts: readonly string[]): UserError {
  return new UserError({
    what: `${basename(name)} gives ${conflicts.length} ${conflicts.length === 1 ? 'image' : 'images'} different labels`,
    where: table.where,
    found: `${conflicts.slice(0, shown).join('; ')}${conflicts.length > shown ? '; …' : ''}`,
    expected: 'one label for each image',
    fix: 'correct the lines, or leave these images out: --conflicts drop',
  });
}
