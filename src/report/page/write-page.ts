import { dirname } from 'node:path';
import { UserError } from '../../errors.ts';
import { writeDurably } from '../../features/durable.ts';
import { nodeFiles } from '../../features/files.ts';
import { fileReason } from '../../file-reason.ts';
import { makeFolder } from '../../make-folder.ts';
import { renderPage } from './page.ts';
import type { PageData } from './page-data.ts';

/** Writes the page; it replaces an older one at once or not at all. */
export async function writePage(file: string, data: PageData): Promise<number> {
  const bytes = new TextEncoder().encode(renderPage(data));
  try {
    await makeFolder(dirname(file));
  } catch (cause) {
    throw new UserError({ what: 'the page cannot be written', where: file, found: fileReason(cause), cause });
  }
  await writeDurably(nodeFiles, file, [bytes], bytes.length);
  return bytes.length;
}
