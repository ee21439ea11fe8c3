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
 * Files that take about two seconds or more: they start programs, browsers, whole runs. The longest (`npm test -- --times`)
 * come first.
 */
// biome-ignore format: as many on a line as fit
const slow = [
  'scripts/torture', 'cli/real-photos', 'report/page/page', 'classify/memory/peak-memory', 'cluster/plan/slurm',
  'cli/messages/printed-commands',
  'cli/faults', 'scripts/torture-serve', 'export/with-backbone', 'serve/page', 'serve/hostile', 'index',
  'scripts/checkout', 'cluster/plan/kubernetes-run', 'predict/finetune', 'extract/images/decode/pixels',
  'models/contract', 'models/finetune/webgpu', 'scripts/gpu-bench', 'suggest/suggest', 'fuzz', 'models/stream',
  'models/calibration/temperature', 'extract/backbone/devices/devices', 'serve/serve',
  'cli/messages/foreign-files', 'classify/trial/stream', 'cluster/part/parts', 'cli/classify',
  'extract/images/resize/interpolation', 'extract/backbone/tensorflow/tensorflow-backbone', 'models/forest/forest',
  'extract/faults', 'cli/signals', 'cli/extract', 'predict/side-by-side', 'cli/predict', 'export/export',
  'cli/predict-knowing', 'serve/knowing', 'extract/int8-set', 'cli/layouts', 'classify/sweep/sweep',
  'cluster/merge/merge', 'classify/knowing/conformal-figures', 'cli/plan', 'predict/embedder', 'relabel/relabel',
  'extract/extract', 'models/finetune/finetune', 'extract/images/pipeline/pipeline', 'predict/library-predict',
  'predict/evidence/evidence-of-photos', 'extract/weights/hub/download-network', 'extract/repair/flipped-bits',
  'cli/messages/one-step', 'extract/images/decode/kinds', 'report/map/umap', 'numerics/matmul', 'features/read-features',
  'predict/find', 'formats/onnx/onnx', 'models/finetune/resnet50', 'cluster/plan/kubernetes', 'predict/predict',
  'models/svm/svm', 'cli/parts', 'extract/repair/repair', 'extract/backbone/agreement', 'features/run/lock',
  'extract/archives', 'cli/devices', 'models/zero-shot/zero-shot', 'cli/messages/wrong-usage', 'predict/published-head',
  'extract/weights/hub/features', 'features/run/properties', 'extract/weights/hub/preprocessing',
  'extract/weights/load-weights', 'models/finetune/gradients', 'classify/classify', 'extract/several-sets',
  // Its batches wait for milliseconds.
  'serve/network-queue',
].map((path) => `test/${path}.test.ts`);

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
const together = found.filter((file) => !slow.includes(file));
const alone = quick ? [] : slow.filter((file) => found.includes(file));
const files = [...alone, ...together];
if (quick) console.log(`${files.length} of ${found.length} test files; npm test runs the others too`);
if (files.length === 0) {
  console.error(`no test file under test/ matches ${words.join(', ')}`);
  process.exit(2);
}
/** To start a process and to load what it needs takes longer than most of these tests: so many processes share them. */
const groupCount = Math.min(together.length, 2 * availableParallelism());
const groups = Array.from({ length: groupCount }, (_, group) => together.filter((_, i) => i % groupCount === group));
// Those that take long come first, so that all cores end together.
const { folder, bundles } = await bundleTests([...groups, ...alone.map((file) => [file])]);
const args = [
  `--import=${new URL('test-times.js', import.meta.url).href}`,
  '--test',
  // More than there are cores: a file waits for the disk, for a browser or for programs that it started.
  `--test-concurrency=${availableParallelism() + 2}`,
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
