import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { drawSet } from '../../../scripts/bench/shared/draw-set.ts';
import { runChild } from '../../../scripts/bench/stream/run-child.ts';
import { formatBytes } from '../../../src/system/durable.ts';
import { projectRoot } from '../../reference.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

/** Few long rows: the search for copies takes quadratic time in their number. */
const large = { rows: 6400, dims: 8192, classes: 10, dtype: 'float32' } as const;
const featureBytes = 4 * large.rows * large.dims;

/** Preloaded module: its last line is the process's peak resident set size in KiB. */
const sayPeak = `data:text/javascript,${encodeURIComponent(
  `import { writeSync } from 'node:fs';
  process.on('exit', () => writeSync(2, '\\n' + process.resourceUsage().maxRSS));`,
)}`;

const root = temporaryFolder();
let idleBytes: number;
before(async () => {
  await drawSet(join(root, 'idle'), { ...large, rows: 40, dims: 4 });
  // In a separate process: a child inherits the peak of a larger parent.
  runChild(['draw', join(root, 'large'), JSON.stringify(large)]);
  // The same program on tiny data: it has loaded its modules and run ONNX Runtime.
  idleBytes = peakOf('idle', ['--test-size', '10']);
  assert.ok(process.memoryUsage.rss() < idleBytes, 'a child inherits the peak of a parent that is larger than itself');
});

function peakOf(name: string, more: readonly string[]): number {
  const program = ['--import', sayPeak, join(projectRoot, 'scripts/featuretap.cjs')];
  const command = ['classify', '--model', 'linear', '--max-iterations', '3', '--threads', '1', '--quiet'];
  const folders = ['--features', join(root, name), '--out', join(root, 'out')];
  const { status, stderr } = spawnSync(process.execPath, [...program, ...command, ...folders, ...more], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return 1024 * Number(stderr.trimEnd().split('\n').at(-1));
}

test('with --stream a run on 210 MB of features needs at most 64 MB more than the idle process', () => {
  const grown = peakOf('large', ['--stream', '--memory', '64MB']) - idleBytes;
  assert.ok(grown <= 64e6, `${formatBytes(grown)} beyond ${formatBytes(idleBytes)}`);
});

test('in memory a run holds the features once, or twice where calibration copies the rows of a fold', () => {
  const plain = peakOf('large', ['--calibrate', 'none']) - idleBytes;
  assert.ok(plain >= featureBytes, `${formatBytes(plain)}: the measure misses the features`);
  assert.ok(plain <= 1.4 * featureBytes, `${formatBytes(plain)} for ${formatBytes(featureBytes)} of features`);
  const calibrated = peakOf('large', []) - idleBytes;
  assert.ok(
    calibrated <= 2.2 * featureBytes,
    `${formatBytes(calibrated)} for ${formatBytes(featureBytes)} of features`,
  );
});
