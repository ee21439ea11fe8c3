import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A new folder, which is removed after the tests of the file, or of the `describe` that calls this. */
export function temporaryFolder(parent: string = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'featuretap-test-'));
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
