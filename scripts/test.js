// npm test: node:test over test/**/*.test.ts. `npm test -- split svm` runs the files whose path holds one of the words,
// `npm run test:quick` those that take a moment; `npm test -- --times` prints the times of all files at the end.
// Node 20's own runner takes no globs, so the list is made here.
//
// A file that takes a moment shares its process with others: it must leave nothing behind that they would see.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTests } from './bundle/tests.cjs';

/**
 * Paths of files, or the beginnings of them, that take seconds: they start programs, browsers, whole runs. The longest come
 * first (`npm test -- --times`), and start first.
 */
// biome-ignore format: a line for files of about the same time
const slow = [
  // Slurm takes its time, and little of the processor's.
  'cluster/plan/slurm.test',
  'scripts/torture.test', 'cli/real-photos', 'report/page/page', 'cli/faults', 'classify/memory/peak-memory',
  'cli/printed-commands', 'extract/images/decode/pixels', 'extract/images/resize/interpolation', 'fuzz.test',
  'scripts/gpu-bench', 'predict/finetune', 'extract/torture', 'export/', 'scripts/', 'models/finetune/resnet50',
  'extract/weights/hub/preprocessing', 'index.test', 'extract/faults', 'cli/', 'predict/', 'models/svm/svm.test',
  'models/calibration/temperature', 'models/finetune/webgpu', 'cluster/plan/kubernetes-run', 'cluster/merge/', 'cluster/part/',
  'extract/backbone/devices',
  'suggest/suggest', 'serve/', 'relabel/', 'models/contract', 'models/forest/forest', 'models/stream', 'numerics/matmul',
  'classify/trial/stream', 'extract/backbone/tensorflow', 'extract/extract.test', 'extract/int8-set', 'extract/repair/',
  'extract/weights/', 'extract/archives', 'features/run/', 'formats/npy/', 'formats/onnx/', 'models/zero-shot/', 'report/map/',
  'extract/backbone/agreement', 'extract/images/decode/kinds', 'classify/knowing/conformal-figures', 'classify/sweep/sweep',
  'extract/images/pipeline/pipeline', 'cluster/plan/kubernetes.test', 'models/finetune/finetune', 'features/read-features',
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
const alone = files.filter((file) => place(file) < slow.length).sort((a, b) => place(a) - place(b));
const together = files.filter((file) => place(file) === slow.length);
/** To start a process and to load what it needs takes longer than most of these tests: so many processes share them. */
const groupCount = Math.min(together.length, 2 * availableParallelism());
const groups = Array.from({ length: groupCount }, (_, group) => together.filter((_, i) => i % groupCount === group));
const { folder, bundles } = await bundleTests([...alone.map((file) => [file]), ...groups]);
const args = [
  `--import=${new URL('test-times.js', import.meta.url).href}`,
  '--test',
  // One more than there are cores: a file waits for the disk, for a browser or for programs that it started.
  `--test-concurrency=${availableParallelism() + 1}`,
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
