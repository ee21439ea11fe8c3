import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../reference.ts';

const source = join(projectRoot, 'src');

/** Functions of node:fs that neither open a file nor change one by its name. */
const harmless = ['existsSync', 'fstatSync', 'readdir', 'readlinkSync', 'realpath', 'stat', 'statSync', 'writeSync'];

/** Files outside system/ that use more of node:fs, and why. */
const filesOfTheirOwn: Readonly<Record<string, string>> = {
  'classify/memory/available.ts': 'reads what Linux says of memory',
  'cli/interrupts.ts': 'says on descriptor 2 that the process ends',
  'extract/backbone/processor.ts': 'reads what Linux says of processors',
  'extract/weights/download/download.ts': 'gives a download its name',
  'extract/weights/download/partial-file.ts': 'goes on with what an earlier download left',
};

/**
 * Names that a module imports from node:fs or node:fs/promises; types do not count, `*` and default imports are kept as
 * such.
 */
function importedFromFs(text: string): readonly string[] {
  const statements = text.matchAll(/^import\s+(?!type\s)([^;]*?)\s+from\s+'(?:node:)?fs(?:\/promises)?'/gm);
  const names = [...statements].flatMap(([, list = '']) => list.replaceAll(/[{}]/g, '').split(','));
  const later = /(?:require|import)\(\s*'(?:node:)?fs/.test(text) ? ['import()'] : [];
  return [...names.map((name) => name.trim()), ...later].filter((name) => name !== '' && !name.startsWith('type '));
}

test('files are opened, written, renamed and removed by system/ alone', () => {
  const found = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !file.startsWith('system/'))
    .filter((file) =>
      importedFromFs(readFileSync(join(source, file), 'utf8')).some((name) => !harmless.includes(name)),
    );
  assert.deepEqual(found.sort(), Object.keys(filesOfTheirOwn).sort());
});

test('the check finds every form of import', () => {
  for (const text of [
    "import { stat, writeFile } from 'node:fs/promises';",
    "import {\n  writeFile,\n} from 'fs/promises';",
    "import * as fs from 'node:fs';",
    "import fs from 'node:fs';",
    "import { type Stats, openSync } from 'fs';",
    "const { writeFile } = await import('node:fs/promises');",
  ]) {
    assert.ok(
      importedFromFs(text).some((name) => !harmless.includes(name)),
      text,
    );
  }
  assert.deepEqual(importedFromFs("import type { Stats } from 'node:fs';"), []);
});
