import { dirname } from 'node:path';
import { makeFolder, patienceMs, writeDurably } from '../../system/durable.ts';
import { nodeFiles } from '../../system/files.ts';
import type { PageData } from '../analysis/group-data.ts';
import { renderPage } from './page.ts';

/** Writes the page; it replaces an older one at once or not at all. */
export async function writePage(file: string, data: PageData): Promise<number> {
  const bytes = new TextEncoder().encode(renderPage(data));
  await makeFolder(nodeFiles, dirname(file));
  await writeDurably(nodeFiles, file, [bytes], { aloneWithinMs: patienceMs });
  return bytes.length;
}
