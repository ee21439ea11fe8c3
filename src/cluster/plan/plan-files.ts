import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../system/errors.ts';
import { makeFolder } from '../../system/make-folder.ts';

/**
 * Writes the files of a plan into a folder, which is made. A file of that name with other contents was perhaps edited by
 * hand: it is kept as NAME.old.
 *
 * @param folders made below it, for what the jobs write
 * @returns absolute paths of the files, and of those that were kept
 */
export async function writePlan(
  folder: string,
  contents: Readonly<Record<string, string>>,
  folders: readonly string[] = [],
): Promise<{ readonly files: readonly string[]; readonly kept: readonly string[] }> {
  const files: string[] = [];
  const kept: string[] = [];
  try {
    for (const below of ['.', ...folders]) await makeFolder(join(folder, below));
    for (const [name, text] of Object.entries(contents)) {
      const path = join(folder, name);
      files.push(path);
      const before = await readFile(path, 'utf8').catch(() => undefined);
      if (before === text) continue;
      if (before !== undefined) {
        await rename(path, `${path}.old`);
        kept.push(`${path}.old`);
      }
      await writeFile(path, text);
    }
  } catch (error) {
    throw new UserError({
      what: 'the plan cannot be written',
      where: folder,
      found: (error as Error).message,
      fix: 'another folder: --out FOLDER',
      cause: error,
    });
  }
  return { files, kept };
}
