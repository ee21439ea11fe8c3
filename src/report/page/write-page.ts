import { dirname } from 'node:path';
import { writeDurably } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { fileReason } from '../../system/file-reason.ts';
import { nodeFiles } from '../../system/files.ts';
import { makeFolder } from '../../system/make-folder.ts';
import type { PageData } from '../analysis/group-data.ts';
import { renderPage } from './page.ts';

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
