// npm test: node:test over test/**/*.test.ts. `npm test -- split svm` runs the files whose path holds one of the words,
// `npm run test:quick` those that take a moment; `npm test -- --times` prints the times of all files at the end.
// Node 20's own runner takes no globs, so the list is made here.
//
// A file that takes a moment shares its process with others: it must leave nothing behind that they would see.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTests } from './bundle/tests.cjs';

/**
 * Files that take about two seconds or more: they start programs, browsers, whole runs. The longest (`npm test -- --times`)
 * come first. Those of one entry share a process: to start one takes as much as two thirds of a second.
 */
const slow = [
  'scripts/torture',
  'cli/real-photos',
  'report/page/page serve/page',
  'classify/memory/peak-memory',
  'cluster/plan/slurm',
  'cli/messages/printed-commands',
  'cluster/part/parts cluster/merge/merge',
  'serve/serve serve/knowing serve/hostile',
  'extract/faults cli/extract cli/parts',
  'models/contract models/forest/forest',
  'suggest/suggest predict/finetune',
  'extract/extract extract/repair/flipped-bits extract/repair/repair extract/archives',
  'extract/several-sets extract/int8-set features/run/properties extract/backbone/agreement formats/onnx/onnx',
  'predict/embedder predict/library-predict predict/evidence/evidence-of-photos predict/find',
  'cli/faults',
  'scripts/torture-serve',
  'export/with-backbone',
  'models/stream classify/trial/stream',
  'models/calibration/temperature export/export',
  'cli/predict cli/predict-knowing',
  'cli/layouts cli/messages/one-step cli/messages/wrong-usage cli/devices',
  'cli/classify cli/messages/foreign-files',
  'extract/images/resize/interpolation extract/images/decode/kinds extract/images/pipeline/pipeline',
  'models/svm/svm models/zero-shot/zero-shot numerics/matmul report/map/umap',
  'classify/classify classify/sweep/sweep classify/knowing/conformal-figures',
  'predict/predict predict/side-by-side relabel/relabel',
  'models/finetune/finetune models/finetune/resnet50 models/finetune/gradients',
  'index',
  'scripts/checkout',
  'cluster/plan/kubernetes-run',
  'extract/images/decode/pixels',
  'models/finetune/webgpu scripts/gpu-bench',
  'fuzz',
  'extract/backbone/devices/devices',
  'extract/backbone/tensorflow/tensorflow-backbone',
  'cli/signals cli/plan cluster/plan/kubernetes',
  'extract/weights/load-weights extract/weights/hub/features extract/weights/hub/preprocessing',
  'features/read-features extract/weights/hub/download-network features/run/lock',
  'predict/published-head',
].map((paths) => paths.split(' ').map((path) => `test/${path}.test.ts`));

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
const together = found.filter((file) => !slow.flat().includes(file));
const processes = quick ? [] : slow.map((files) => files.filter((file) => found.includes(file)));
const files = [...processes.flat(), ...together];
if (quick) console.log(`${files.length} of ${found.length} test files; npm test runs the others too`);
// A file that was moved would take its seconds to a process that others share.
const moved = slow.flat().filter((file) => !existsSync(join(root, file)));
if (moved.length > 0) {
  console.error(`in the list of slow files, and not there: ${moved.join(', ')}`);
  process.exit(2);
}
if (files.length === 0) {
  console.error(`no test file under test/ matches ${words.join(', ')}`);
  process.exit(2);
}
/** To start a process and to load what it needs takes longer than most of these tests: so many processes share them. */
const groupCount = Math.min(together.length, 2 * availableParallelism());
const groups = Array.from({ length: groupCount }, (_, group) => together.filter((_, i) => i % groupCount === group));
// Those that take long come first, so that all cores end together.
const { folder, bundles } = await bundleTests([...groups, ...processes.filter(({ length }) => length > 0)]);
const args = [
  `--import=${new URL('test-times.js', import.meta.url).href}`,
  '--test',
  // More than there are cores: a file waits for the disk, for a browser or for programs that it started.
  `--test-concurrency=${availableParallelism() + 3}`,
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
