// npm test: node:test over test/**/*.test.ts. `npm test -- split svm` runs the files whose path holds one of the words.
// Node 20's own runner takes no globs, so the list is made here.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  // Slashes on Windows too, so that `npm test -- cli/extract` finds its file there.
  .map((file) => relative(root, join(root, 'test', file)).replaceAll('\\', '/'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  console.error(`no test file under test/ matches ${words.join(', ')}`);
  process.exit(2);
}
// One file per core: node would leave one core idle, half of a machine of two.
const concurrency = `--test-concurrency=${availableParallelism()}`;
const args = [
  '--import',
  'tsx',
  '--test',
  concurrency,
  `--test-reporter=${new URL('test-reporter.js', import.meta.url).href}`,
  ...flags,
  ...files,
];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1);
