import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Compares two feature sets file by file, but for `.run`, their working state.
 *
 * @returns the files' names
 * @throws Error naming the first file that differs, or that one of them lacks
 */
export async function sameFiles(expected: string, found: string): Promise<readonly string[]> {
  const [names, others] = await Promise.all([expected, found].map(filesOf));
  if (names?.join() !== others?.join()) throw new Error(`${found} holds ${others}, and ${expected} ${names}`);
  for (const name of names ?? []) {
    const [a, b] = await Promise.all([expected, found].map((folder) => readFile(join(folder, name))));
    if (a?.equals(b ?? Buffer.alloc(0)) !== true) throw new Error(`${name} differs between ${expected} and ${found}`);
  }
  return names ?? [];
}

async function filesOf(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name !== '.run').sort();
}
