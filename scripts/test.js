// npm test: node:test over test/**/*.test.ts. `npm test -- split svm` runs the files whose path holds one of the words,
// `npm run test:quick` those that take a moment; `npm test -- --times` prints the times of all files at the end.
// Node 20's own runner takes no globs, so the list is made here.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTests } from './bundle/tests.cjs';

/** Paths of files, or the beginnings of them, that take seconds: they start programs, browsers, whole runs. */
const slow = [
  ...['cli/', 'cluster/merge/', 'cluster/part/', 'cluster/plan/kubernetes-run', 'cluster/plan/slurm.test'],
  ...['classify/memory/peak-memory', 'classify/trial/stream', 'export/', 'extract/backbone/devices'],
  ...['extract/backbone/tensorflow', 'extract/extract.test', 'extract/faults', 'extract/images/decode/pixels'],
  ...['extract/images/resize/interpolation', 'extract/int8-set', 'extract/repair/', 'extract/torture'],
  ...['extract/weights/download', 'extract/weights/load-weights', 'features/run/', 'formats/npy/', 'formats/onnx/'],
  ...[
    'scripts/',
    'serve/',
    'suggest/suggest',
    'fuzz.test',
    'index.test',
    'models/contract',
    'models/forest/forest',
    'models/stream',
    'models/svm/svm.test',
  ],
  ...['models/finetune/resnet50', 'models/temperature', 'predict/', 'relabel/', 'report/map/', 'report/page/page'],
].map((path) => `test/${path}`);

const root = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const quick = process.argv.includes('--quick');
/** Files whose times are printed. */
const shown = process.argv.includes('--times') ? Number.MAX_SAFE_INTEGER : 5;
const flags = process.argv.slice(2).filter((word) => word.startsWith('--') && !['--quick', '--times'].includes(word));
const found = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  // Slashes on Windows too, so that `npm test -- cli/extract` finds its file there.
  .map((file) => relative(root, join(root, 'test', file)).replaceAll('\\', '/'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
const files = found.filter((file) => !quick || !slow.some((path) => file.startsWith(path)));
if (quick) console.log(`${files.length} of ${found.length} test files; npm test runs the others too`);
if (files.length === 0) {
  console.error(`no test file under test/ matches ${words.join(', ')}`);
  process.exit(2);
}
// Node's runner goes by name; the longest first, so that all cores end together.
const place = (file) => {
  const index = slow.findIndex((path) => file.startsWith(path));
  return index === -1 ? slow.length : index;
};
const { folder, bundles } = await bundleTests(files.toSorted((a, b) => place(a) - place(b)));
const args = [
  '--enable-source-maps',
  `--import=${new URL('test-times.js', import.meta.url).href}`,
  '--test',
  // One file per core: node would leave one core idle, half of a machine of two.
  `--test-concurrency=${availableParallelism()}`,
  `--test-reporter=${new URL('test-reporter.js', import.meta.url).href}`,
  ...flags,
  ...bundles,
];
const env = {
  ...process.env,
  FEATURETAP_TEST_TIMES: mkdtempSync(join(folder, 'times-')),
  FEATURETAP_TEST_SHOWN: shown,
};
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env });
rmSync(folder, { recursive: true, force: true });
process.exit(status ?? 1);
