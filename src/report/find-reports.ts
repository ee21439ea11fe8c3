import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../system/errors.ts';
import { nodeFiles, readFailure } from '../system/files.ts';
import { nearestName, sameBeginning } from '../system/nearest.ts';

/**
 * Finds the report.json files under the given files and folders, without duplicates, sorted within a folder. A given
 * file may have any name.
 *
 * @throws UserError if a path does not exist or nothing is found
 */
export async function findReports(paths: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    for (const file of await reportsUnder(path)) found.add(file);
  }
  if (found.size === 0) {
    throw new UserError({
      what: 'no report is there to compare',
      where: paths.join(', '),
      expected: 'folders with a report.json, as classify writes them',
      fix: await usualCommand(paths),
    });
  }
  return [...found];
}

/** Compares the reports in the usual folder, or writes some where there are none, or those were asked for. */
async function usualCommand(asked: readonly string[]): Promise<string> {
  const usual = asked.includes('reports') ? [] : await reportsUnder('reports').catch(() => []);
  return usual.length > 0 ? 'featuretap compare reports' : 'featuretap classify --model all';
}

async function reportsUnder(path: string): Promise<string[]> {
  let isFile: boolean;
  try {
    isFile = !(await nodeFiles.stat(path)).isDirectory();
  } catch (cause) {
    const beside = await readdir(dirname(path)).catch(() => []);
    const near =
      nearestName(basename(path), await nearReports(basename(path), dirname(path), beside)) ??
      sameBeginning(basename(path), reportFolders(dirname(path), beside));
    throw new UserError({
      what: 'there is no such report file or folder',
      where: path,
      found: path,
      ...(near === undefined ? { fix: await usualCommand([path]) } : { instead: join(dirname(path), near) }),
      cause,
    });
  }
  if (isFile) return [path];
  // `recursive` does not follow links to folders, so a loop of links ends.
  const entries = await readdir(path, { recursive: true, encoding: 'utf8' }).catch((error: unknown) => {
    throw readFailure(path, error);
  });
  return entries
    .filter((entry) => basename(entry) === 'report.json')
    .sort()
    .map((entry) => join(path, entry));
}

/** Of a folder's names those that are nearly the typed one, and are a report or a folder with reports. */
async function nearReports(typed: string, folder: string, names: readonly string[]): Promise<string[]> {
  const near: string[] = [];
  for (const name of names.filter((each) => nearestName(typed, [each]) !== undefined)) {
    const found = await reportsUnder(join(folder, name)).catch(() => []);
    if (found.some((path) => path.endsWith('.json'))) near.push(name);
  }
  return near;
}

function reportFolders(folder: string, names: readonly string[]): string[] {
  return names.filter((name) => existsSync(join(folder, name, 'report.json')));
}
