import { join } from 'node:path';
import { makeFolder, renameFile, writeText } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { nodeFiles, readIfThere } from '../../system/files.ts';

/**
 * Writes the files of a plan into a new or existing folder. Existing files with other contents, possibly edited by
 * hand, are kept as NAME.old.
 *
 * @param folders subfolders to create for the jobs' output
 * @returns absolute paths of the files, and of those kept
 */
export async function writePlan(
  folder: string,
  contents: Readonly<Record<string, string>>,
  folders: readonly string[] = [],
): Promise<{ readonly files: readonly string[]; readonly kept: readonly string[] }> {
  const files: string[] = [];
  const kept: string[] = [];
  try {
    for (const below of ['.', ...folders]) await makeFolder(nodeFiles, join(folder, below));
    for (const [name, text] of Object.entries(contents)) {
      const path = join(folder, name);
      files.push(path);
      const before = await readIfThere(nodeFiles, path);
      if (before !== undefined && new TextDecoder().decode(before) === text) continue;
      if (before !== undefined) {
        await renameFile(nodeFiles, path, `${path}.old`);
        kept.push(`${path}.old`);
      }
      await writeText(nodeFiles, path, text);
    }
  } catch (error) {
    throw new UserError({
      what: 'the plan cannot be written',
      where: folder,
      found: error instanceof UserError ? (error.parts.found ?? error.parts.what) : String(error),
      fix: 'another folder: --out FOLDER',
      cause: error,
    });
  }
  return { files, kept };
}
