import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import {
  type ColumnReading,
  chooseColumns,
  describeReading,
  readingOptions,
  sampleOf,
} from '../../../formats/table/choose-columns.ts';
import { openTable } from '../../../formats/table/open-table.ts';
import { fileSource, type Table } from '../../../formats/table/table.ts';
import { checkTablePlace } from '../../../formats/table/table-place.ts';
import { valueAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import { quoteArgument } from '../../../system/own-command.ts';
import { FileIndex } from './file-index.ts';
import type { LayoutOptions, SplitName } from './image-file.ts';
import { splitOfName } from './splits.ts';
import type { Tree } from './tree.ts';

/** A table of labels, and how it is read. */
export interface FoundTable {
  readonly table: Table;
  readonly name: string;
  readonly reading: ColumnReading;
  readonly text: string;
  /** Images that its ids may refer to. */
  readonly paths: readonly string[];
  readonly index: FileIndex;
  /** Whether a row of the sample matches an image. */
  readonly namesImages: boolean;
  /** The part of a split that it lists. */
  readonly split?: SplitName;
}

interface FoundTables {
  readonly tables: readonly FoundTable[];
  readonly unused: readonly { readonly path: string; readonly why: string }[];
}

/** Largest depth and number of tables examined. */
const deepest = 2;
const mostTables = 50;

/**
 * Finds the tables of labels: the given one, or those of the folder that are unambiguous.
 *
 * @param hasClasses whether the folders are classes, too: then a table is only used if its columns are certain
 * @throws a usage UserError that lists the alternatives if a table is ambiguous
 */
export async function findTables(tree: Tree, options: LayoutOptions, hasClasses: boolean): Promise<FoundTables> {
  const scope = imagesIn(tree, options.images);
  if (options.labels !== undefined) {
    const name = below(tree.root, options.labels) ?? options.labels;
    await checkTablePlace(options.labels);
    const found = await examine(await openTable(fileSource(options.labels)), name, scope, options);
    if (typeof found === 'string') throw notReadable(options.labels, found);
    if (isSeveral(found)) throw severalReadings(options.labels, found);
    return { tables: [found], unused: [] };
  }
  const fitting: FoundTable[] = [];
  const ambiguous: { readonly path: string; readonly readings: readonly FoundTable[] }[] = [];
  const unused: { path: string; why: string }[] = [];
  for (const [i, path] of tree.tables.entries()) {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    if (folder.split('/').length - 1 > deepest || i >= mostTables) {
      unused.push({ path, why: 'too deep in the folder to be looked at' });
      continue;
    }
    if (/sample|submission/i.test(basename(path))) {
      unused.push({ path, why: 'a sample submission by its name' });
      continue;
    }
    const near = scope.filter((image) => image.startsWith(folder));
    const found = await examineIn(tree, path, near.length > 0 ? near : scope, options, hasClasses);
    if (typeof found === 'string') unused.push({ path, why: found });
    else if (isSeveral(found)) ambiguous.push({ path, readings: found });
    else if (hasClasses && !found.reading.isCertain) {
      unused.push({ path, why: `the folders say the classes, and none of its columns is called label or class` });
    } else fitting.push(found);
  }
  const [first] = ambiguous;
  if (first !== undefined && fitting.length === 0 && !hasClasses) throw severalReadings(first.path, first.readings);
  for (const { path } of ambiguous)
    unused.push({ path, why: 'it can be read in several ways (--labels FILE chooses)' });
  return { tables: asSplits(fitting), unused };
}

/** A path relative to a folder, with forward slashes; undefined if it is not inside. */
function below(root: string, path: string): string | undefined {
  const inner = relative(root, path);
  return inner === '..' || inner.startsWith(`..${sep}`) || isAbsolute(inner) ? undefined : inner.replaceAll(sep, '/');
}

/** The images of the given folders; all if none is given. */
function imagesIn({ root, images }: Tree, folders: readonly string[] | undefined): readonly string[] {
  if (folders === undefined) return images;
  const prefixes = folders.map((folder) => {
    const inner = below(root, folder);
    if (inner !== undefined) return inner === '' ? '' : `${inner}/`;
    throw new UserError({
      what: '--images is not usable',
      found: `${folder}, outside of the data folder`,
      expected: `a folder in ${root}`,
      fix: '--data FOLDER names one that holds all of them',
      exitCode: 2,
    });
  });
  const found = images.filter((path) => prefixes.some((prefix) => path.startsWith(prefix)));
  if (found.length > 0) return found;
  throw new UserError({
    what: '--images is not usable',
    found: `no image in ${folders.join(', ')}`,
    expected: 'folders with images',
    exitCode: 2,
  });
}

/** Several tables are parts of a split if their names or folders say so; else one must be chosen. */
function asSplits(tables: readonly FoundTable[]): readonly FoundTable[] {
  if (tables.length < 2) return tables;
  const usual = tables.find(({ name }) => name === 'labels.csv');
  if (usual !== undefined) return [usual];
  const splits = tables.map(({ name }) => {
    const own = splitOfName(basename(name).replace(/\.[^.]*$/, ''));
    return own ?? splitOfName(basename(dirname(name)));
  });
  if (new Set(splits).size === tables.length && !splits.includes(undefined) && splits.includes('train')) {
    return tables.map((table, i) => ({ ...table, split: valueAt(splits, i) }));
  }
  throw severalReadings('the data folder', tables);
}

function isSeveral(found: FoundTable | readonly FoundTable[]): found is readonly FoundTable[] {
  return Array.isArray(found);
}

async function examineIn(
  tree: Tree,
  path: string,
  scope: readonly string[],
  options: LayoutOptions,
  hasClasses: boolean,
): Promise<FoundTable | readonly FoundTable[] | string> {
  // Kaggle's name for it: always used.
  const isMeant = path === 'labels.csv' && !hasClasses;
  try {
    const found = await examine(await openTable(tree.table(path)), path, scope, options);
    if (typeof found === 'string' && isMeant) throw notReadable(join(tree.root, path), found);
    if (typeof found === 'string' || isSeveral(found)) return found;
    return isMeant || found.namesImages ? found : 'none of its rows names an image';
  } catch (error) {
    if (!(error instanceof UserError) || isMeant || error.exitCode === 2) throw error;
    return error.parts.found ?? error.parts.what;
  }
}

async function examine(
  table: Table,
  name: string,
  paths: readonly string[],
  options: LayoutOptions,
): Promise<FoundTable | readonly FoundTable[] | string> {
  const index = new FileIndex(paths);
  const sample = await sampleOf(table);
  if (sample.rows.length === 0) return 'it names no image: a header alone';
  const choice = chooseColumns(sample, options, (cell) => index.find(cell).length > 0);
  if ('why' in choice) return choice.why;
  const toFound = (reading: ColumnReading): FoundTable => {
    const notes = table.notes.length === 0 ? '' : ` (${table.notes.join(', ')})`;
    const text = `${name}: ${describeReading(table.columns, reading)}${notes}`;
    const namesImages = sample.rows.some((row) => index.find(valueAt(row, reading.idColumn)).length > 0);
    return { table, name, reading, text, paths, index, namesImages };
  };
  if ('reading' in choice) return toFound(choice.reading);
  const all = choice.several.map(toFound);
  return all.some(({ namesImages }) => namesImages) || options.labels !== undefined
    ? all
    : 'none of its rows names an image';
}

function severalReadings(where: string, readings: readonly FoundTable[]): UserError {
  const several = new Set(readings.map(({ name }) => name)).size > 1;
  const ways = readings.slice(0, 10).map(({ table, name, reading }) => {
    const options = readingOptions(table.columns, reading).map((word) => quoteArgument(word));
    return `${several ? `--labels ${quoteArgument(name)} ` : ''}${options.join(' ')}`;
  });
  return new UserError({
    what: `${several ? 'several tables name the images' : 'a table can be read in more than one way'}, and one must be chosen`,
    where,
    found: `${readings.length} ways${readings.length > 10 ? ', the first 10 below' : ''}`,
    expected: 'one column of ids and one of labels',
    fix: `one of\n${ways.join('\n')}`,
    exitCode: 2,
  });
}

function notReadable(where: string, why: string): UserError {
  return new UserError({
    what: 'the table of labels cannot be read',
    where,
    found: why,
    expected: 'a column that names the images and one with their labels',
    fix: '--id-column NAME --label-column NAME, and --images FOLDER where the images lie elsewhere',
    exitCode: 2,
  });
}
